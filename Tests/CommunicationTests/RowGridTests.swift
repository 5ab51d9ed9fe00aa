import Communication
import Testing

@Suite struct RowGridTests {
  @Test(arguments: [
    (0, 1), (1, 1), (39, 1), (64, 1), (126, 1), (127, 2), (500, 4), (2000, 16), (64_512, 512), (64_513, 1024),
    (3_000_000, 1024),
  ])
  func `The chunk length is the longest power of two that makes 64 chunks`(rowCount: Int, length: Int) {
    #expect(RowGrid.chunkLength(rowCount: rowCount) == length)
  }

  @Test(arguments: [1, 2, 8, 64, 1024], [0, 1, 39, 64, 1025, 5000])
  func `Chunks hold every row once and find it again`(length: Int, rowCount: Int) {
    let grid = RowGrid(rowCount: rowCount, chunkLength: length)
    let rows = (0..<grid.chunkCount).map(grid.rows(ofChunk:))
    #expect(rows.flatMap(Array.init) == Array(0..<rowCount))
    #expect(rows.dropLast().allSatisfy { $0.count == length })
    #expect(rows.enumerated().allSatisfy { chunk, rows in rows.allSatisfy { grid.chunk(ofRow: $0) == chunk } })
    #expect(grid.rows(ofChunks: 0..<grid.chunkCount) == 0..<rowCount)
    #expect(grid.columnStride >= length && grid.columnStride.isMultiple(of: 8) && grid.columnStride < length + 8)
  }

  @Test(arguments: [1, 2, 4])
  func `Few heavy rows have the same bits on 1, 2, 3 and 8 ranks, which all own some`(length: Int) throws {
    var generator = SeededGenerator(seed: 39)
    let values = (0..<39).map { _ in
      Double(sign: .plus, exponent: .random(in: -60...60, using: &generator), significand: 1)
        * .random(in: -1...1, using: &generator)
    }
    let sums = try [1, 2, 3, 8].flatMap { ranks in
      try LoopbackCommunicator.run(ranks: ranks) { communicator in
        let rows = DistributedRows(rowCount: 39, chunkLength: length, communicator: communicator)
        #expect(!rows.localRows.isEmpty)
        return try rows.sum(0.0) { partial, chunk in
          for row in rows.grid.rows(ofChunk: chunk) { partial += values[row] }
        }
      }
    }
    #expect(Set(sums.map(\.bitPattern)).count == 1)
    let magnitude = values.reduce(0) { $0 + abs($1) }
    #expect(abs(sums[0] - values.sorted { abs($0) < abs($1) }.reduce(0, +)) <= 1e-14 * magnitude)
  }
}
