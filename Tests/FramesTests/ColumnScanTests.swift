import Communication
import Foundation
import Frames
import Testing

@Suite struct ColumnScanTests {
  private static func scan(
    _ values: [Double], ranks: Int = 1, chunkLength: Int = 1024, storage: FrameStorage = .memory
  ) throws -> [ColumnScan] {
    try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let rows = DistributedRows(rowCount: values.count, chunkLength: chunkLength, communicator: communicator)
      let frame = try Frame(
        Numbers(values: values), rows: rows, schema: Schema([Column("t", .treatment)]), storage: storage)
      return try frame.scan()[0]
    }
  }

  private struct Numbers: ChunkSource {
    let values: [Double]
    func fill(_ target: FrameChunks, with chunks: Range<Int>) throws {
      for chunk in chunks {
        for (offset, row) in target.grid.rows(ofChunk: chunk).enumerated() {
          target.reals(0, chunk: chunk)[offset] = values[row]
        }
      }
    }
  }

  /// Plainly: the values sorted, with all their rows.
  private static func ends(_ values: [Double], ascending: Bool) -> [ColumnScan.Value] {
    let rows = Dictionary(grouping: values.indices) { values[$0] + 0 }
    return rows.map { ColumnScan.Value(value: $0, count: $1.count, row: $1.min()!) }
      .sorted { ascending ? $0.value < $1.value : $0.value > $1.value }.prefix(ColumnScan.endCount).map(\.self)
  }

  @Test(arguments: [1, 2, 3, 8], [1024, 64]) func `ends are those of the sorted values`(ranks: Int, chunkLength: Int)
    throws
  {
    let values = (0..<5_000).map { row in
      row % 7 == 0 ? -999 : row == 17 ? 9999 : (ExampleValues.real(row, 1) * 40).rounded() / 4
    }
    for storage in [FrameStorage.memory, .stream(windowBytes: 1)] {
      for scan in try Self.scan(values, ranks: ranks, chunkLength: chunkLength, storage: storage) {
        #expect(scan.lowest == Self.ends(values, ascending: true))
        #expect(scan.highest == Self.ends(values, ascending: false))
        #expect(scan.distinctCount == nil)
        #expect(scan.mode.value == -999 && abs(scan.mode.share - 1 / 7) < 0.03)
        #expect(scan.sample == (try Self.scan(values, chunkLength: chunkLength)[0].sample))
      }
    }
  }

  @Test(arguments: [1, 3]) func `values are counted up to a bound, and both zeros are one`(ranks: Int) throws {
    for count in [1, 31, 32, 33, 400] {
      let values = (0..<2_000).map { $0 % count == 0 ? ($0 % 2 == 0 ? 0.0 : -0.0) : Double($0 % count) }
      let distinct = try Self.scan(values, ranks: ranks, chunkLength: 64)[0].distinctCount
      #expect(distinct == (count <= ColumnScan.largestDistinctCount ? count : nil))
    }
  }
}
