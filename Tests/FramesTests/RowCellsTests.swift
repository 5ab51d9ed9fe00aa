import Communication
import Frames
import LinearAlgebra
import Testing

@Suite struct RowCellsTests {
  /// A number that counts from 0, a category, and a number of other values.
  private struct Source: ChunkSource {
    static let schema = try! Schema([
      Column("a", .variable), Column("b", .variable, .categorical(levels: ["u", "v", "w"])), Column("c", .variable),
      Column("y", .outcome),
    ])
    static let values = [-1.0, 0.5, 7, 8]

    static func places(_ row: Int) -> (a: Int, b: Int, c: Int) {
      func place(_ column: Int, _ count: UInt64) -> Int { Int(ExampleValues.bits(row, column) >> 40 % count) }
      return (place(0, 2), place(1, 3), place(2, 4))
    }

    func fill(_ target: FrameChunks, with chunks: Range<Int>) throws {
      for chunk in chunks {
        for (offset, row) in target.grid.rows(ofChunk: chunk).enumerated() {
          let (a, b, c) = Self.places(row)
          target.reals(0, chunk: chunk)[offset] = Double(a)
          target.codes(1, chunk: chunk)[offset] = Int64(b)
          target.reals(2, chunk: chunk)[offset] = Self.values[c]
          target.reals(3, chunk: chunk)[offset] = ExampleValues.real(row, 3)
        }
      }
    }
  }

  @Test(arguments: [FrameStorage.memory, .stream(windowBytes: 1)], [1024, 64, 2])
  func `rows have the numbers of a loop over them, and are counted and summed by these`(
    storage: FrameStorage, chunkLength: Int
  ) throws {
    let rows = DistributedRows(rowCount: 1501, chunkLength: chunkLength, communicator: SoloCommunicator())
    let frame = try Frame(Source(), rows: rows, schema: Source.schema, storage: storage)
    var cells = RowCells(frame, first: 1)
    cells.add(RowVariable(name: "a", storage: .real(0)), among: [0, 1], stride: 12)
    cells.add(RowVariable(name: "b", storage: .codes(1)), among: [0, 1, 2], stride: 4)
    cells.add(RowVariable(name: "c", storage: .real(2)), among: Source.values, stride: 1)
    cells.add(jackknifeBlocks: 5, stride: 24)
    let random = CounterRandom(seed: 0, stream: .jackknifeBlocks)
    let expected = (0..<1501).map { row in
      let (a, b, c) = Source.places(row)
      let block = (Int(random.bits(row: row / 4, draw: 0)[row % 4]) * 5) >> 32
      return 1 + 24 * block + 12 * a + 4 * b + c
    }
    var (counts, sums) = ([Int64](repeating: 0, count: 121), [Double](repeating: 0, count: 3 * 121))
    for chunk in rows.localChunks {
      let own = rows.grid.rows(ofChunk: chunk)
      #expect(try cells.numbers(ofChunk: chunk).map(Int.init) == Array(expected[own]))
      try cells.count(ofChunk: chunk, in: &counts)
      #expect(
        try cells.addOutcome(ofChunk: chunk, center: 0.5, factor: 2, to: &sums).prefix(own.count).map(Int.init)
          == Array(expected[own]))
    }
    var (expectedCounts, expectedSums) = ([Int64](repeating: 0, count: 121), [Double](repeating: 0, count: 3 * 121))
    for (row, cell) in expected.enumerated() {
      let value = (ExampleValues.real(row, 3) - 0.5) * 2
      expectedCounts[cell] += 1
      for (power, number) in [1, value, value * value].enumerated() { expectedSums[3 * cell + power] += number }
    }
    #expect(counts == expectedCounts && sums == expectedSums)
    // Codes alone, as tables of categories have them.
    var codes = RowCells(frame)
    codes.add(RowVariable(name: "b", storage: .codes(1)), among: [0, 1, 2], stride: 1)
    var found = [Int64](repeating: 0, count: 3)
    for chunk in rows.localChunks { try codes.count(ofChunk: chunk, in: &found) }
    #expect(found == (0..<3).map { b in Int64((0..<1501).count { Source.places($0).b == b }) })
  }
}
