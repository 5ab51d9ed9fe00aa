import Communication
import Frames
import TestSupport
import Testing

@Suite struct RowSelectionTests {
  /// Rows of some chunks all chosen, of some none, of others every third.
  private static func isChosen(_ row: Int) -> Bool {
    switch row / 500 % 4 {
    case 0: true
    case 1: false
    default: ExampleValues.bits(row, 0) % 3 == 0
    }
  }

  @Test(arguments: [1, 63, 64, 65, 128, 3_333]) func `places and rows are those of the list of rows`(total: Int) {
    let rows = (0..<total).filter(Self.isChosen)
    let others = (0..<total).filter { !Self.isChosen($0) }
    let selection = RowSelection(rows, of: total)
    #expect(selection.count == rows.count && selection.total == total)
    #expect(rows.indices.map(selection.row) == rows)
    for row in 0..<total {
      #expect(selection.contains(row) == Self.isChosen(row))
      #expect(selection.rank(of: row) == rows.prefix { $0 < row }.count)
    }
    #expect((rows + others).map(selection.place) == Array(0..<total))
    let even = RowSelection((0..<total).filter { $0 % 2 == 0 }, of: total)
    #expect(selection.intersection(even) == RowSelection(rows.filter { $0 % 2 == 0 }, of: total))
    #expect(selection.subtracting(even) == RowSelection(rows.filter { $0 % 2 == 1 }, of: total))
  }

  @Test(arguments: [1, 2, 3, 8], [1024, 64, 4]) func `ranks agree on what they chose`(ranks: Int, chunkLength: Int)
    throws
  {
    let expected = RowSelection((0..<3_333).filter(Self.isChosen), of: 3_333)
    let found = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let rows = DistributedRows(rowCount: 3_333, chunkLength: chunkLength, communicator: communicator)
      return try RowSelection.of(rows) { rows.grid.rows(ofChunk: $0).map(Self.isChosen) }
    }
    #expect(found.allSatisfy { $0 == expected })
  }

  @Test(arguments: [1, 2, 3], [1024, 64, 4])
  func `chosen rows are those of a frame of them, in memory and streamed`(ranks: Int, chunkLength: Int) throws {
    let total = 3_333
    let selection = RowSelection((0..<total).filter(Self.isChosen), of: total)
    let columns = ExampleSource().columns(rowCount: total)
    let results = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let rows = DistributedRows(rowCount: selection.count, chunkLength: chunkLength, communicator: communicator)
      let source = SelectedRows(
        selection, of: ExampleSource(), baseGrid: RowGrid(rowCount: total, chunkLength: chunkLength))
      return try [FrameStorage.memory, .stream(windowBytes: 1 << 16)].map {
        try Frame(source, rows: rows, schema: ExampleSource.schema, storage: $0).bits()
      }
    }
    let expected = zip(columns, ExampleSource.schema.columns).map { values, column in
      let width = ExampleSource.components(column)
      return (0..<selection.count).flatMap { index -> ArraySlice<UInt64> in
        let row = selection.row(index)
        return values.bits[row * width..<(row + 1) * width]
      }
    }
    for storage in 0..<2 { #expect(joined(results.map { $0[storage] }) == expected) }
  }
}
