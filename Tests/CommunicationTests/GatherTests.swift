import Communication
import Diagnostics
import Testing

@Suite struct GatherTests {
  /// Chunks of very different lengths: some empty, some larger than a window.
  private static func bytes(_ chunk: Int) -> [UInt8] {
    Array(repeating: UInt8(chunk), count: [0, 1, 3_000_000, 17, 6_000_000][chunk % 5])
  }

  private static func partition(ranks: Int) -> Partition {
    let grid = RowGrid(rowCount: 20 * RowGrid.defaultChunkLength)
    return Partition(grid: grid, chunks: Partition(grid: grid, ranks: ranks).chunks.reversed())
  }

  @Test(arguments: [1, 2, 3, 23])
  func `Chunks reach the root in global order`(ranks: Int) throws {
    let gathered = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      var seen: [Int] = []
      try DistributedRows(partition: Self.partition(ranks: ranks), communicator: communicator).forEachChunkAtRoot(
        produce: { Self.bytes($0) },
        consume: { chunk, bytes in
          #expect(bytes == Self.bytes(chunk))
          seen.append(chunk)
        })
      return seen
    }
    #expect(gathered[0] == Array(0..<20))
    #expect(gathered.dropFirst().allSatisfy { $0.isEmpty })
  }

  @Test(arguments: [1, 2, 3, 8], [0, 9, 19])
  func `A failure to consume ends all ranks`(ranks: Int, failing: Int) throws {
    let failures = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      failure {
        try DistributedRows(partition: Self.partition(ranks: ranks), communicator: communicator).forEachChunkAtRoot(
          produce: { Self.bytes($0) },
          consume: { chunk, _ in
            #expect(chunk <= failing)
            if chunk == failing { throw Failure(.inputOutput, "disk full") }
          })
      }
    }
    #expect(failures == Array(repeating: Failure(.inputOutput, "disk full"), count: ranks))
  }

  @Test(arguments: [1, 2, 3, 8], [0, 9, 19])
  func `A failure to produce ends all ranks`(ranks: Int, failing: Int) throws {
    let failures = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      failure {
        try DistributedRows(partition: Self.partition(ranks: ranks), communicator: communicator).forEachChunkAtRoot(
          produce: { chunk in
            if chunk == failing { throw Failure(.data, "chunk \(chunk)") }
            return Self.bytes(chunk)
          },
          consume: { chunk, _ in #expect(chunk < failing) })
      }
    }
    #expect(failures == Array(repeating: Failure(.data, "chunk \(failing)"), count: ranks))
  }
}
