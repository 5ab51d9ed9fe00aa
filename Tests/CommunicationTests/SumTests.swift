import Communication
import Diagnostics
import TestSupport
import Testing

/// The sum over chunks l ..< h, written down from the definition of the tree.
private func treeSum(_ leaves: [[Double]], _ l: Int, _ h: Int) -> [Double] {
  if h - l == 1 { return leaves[l] }
  var half = 1
  while 2 * half < h - l { half *= 2 }
  return zip(treeSum(leaves, l, l + half), treeSum(leaves, l + half, h)).map { $0 + $1 }
}

/// Numbers whose sum depends on the order of adding.
private func wildLeaves(_ count: Int, width: Int, using generator: inout SeededGenerator) -> [[Double]] {
  (0..<count).map { _ in
    (0..<width).map { _ in
      let scale = Double(sign: .plus, exponent: .random(in: -60...60, using: &generator), significand: 1)
      return scale * .random(in: -1...1, using: &generator)
    }
  }
}

/// Every way a partition can look: uneven, with empty ranks, in any order of ranks.
private func randomPartition(_ grid: RowGrid, ranks: Int, using generator: inout SeededGenerator) -> Partition {
  let cuts = (1..<ranks).map { _ in Int.random(in: 0...grid.chunkCount, using: &generator) }.sorted()
  let bounds = [0] + cuts + [grid.chunkCount]
  return Partition(
    grid: grid, chunks: (0..<ranks).map { bounds[$0]..<bounds[$0 + 1] }.shuffled(using: &generator))
}

@Suite struct SumTests {
  @Test(arguments: 1...9)
  func `Every partition gives the bits of the tree's definition`(ranks: Int) throws {
    var generator = SeededGenerator(seed: UInt64(ranks))
    for chunkCount in 1...40 {
      let leaves = wildLeaves(chunkCount, width: 3, using: &generator)
      let expected = treeSum(leaves, 0, chunkCount).map(\.bitPattern)
      let grid = RowGrid(rowCount: (chunkCount - 1) * RowGrid.defaultChunkLength + 1)
      let partition = randomPartition(grid, ranks: ranks, using: &generator)
      let sums = try LoopbackCommunicator.run(ranks: ranks) { communicator in
        try DistributedRows(partition: partition, communicator: communicator)
          .sum([0.0, 0, 0]) { partial, chunk in
            for index in 0..<3 { partial[index] += leaves[chunk][index] }
          }
      }
      #expect(sums.allSatisfy { $0.map(\.bitPattern) == expected }, "\(partition.chunks)")
    }
  }

  @Test(arguments: 2...5)
  func `Sums of many numbers have the bits of the tree's definition too`(ranks: Int) throws {
    var generator = SeededGenerator(seed: UInt64(ranks))
    for chunkCount in [1, 2, 7, 12] {
      let leaves = wildLeaves(chunkCount, width: ranks * 8192 + 3, using: &generator)
      let expected = treeSum(leaves, 0, chunkCount).map(\.bitPattern)
      let partition = randomPartition(
        RowGrid(rowCount: chunkCount, chunkLength: 1), ranks: ranks, using: &generator)
      let sums = try LoopbackCommunicator.run(ranks: ranks) { communicator in
        try DistributedRows(partition: partition, communicator: communicator)
          .sum([Double](repeating: 0, count: leaves[0].count)) { partial, chunk in partial = leaves[chunk] }
      }
      #expect(sums.allSatisfy { $0.map(\.bitPattern) == expected }, "\(partition.chunks)")
    }
  }

  @Test func `The order of adding matters for the numbers of these tests`() {
    var generator = SeededGenerator(seed: 1)
    let leaves = wildLeaves(40, width: 3, using: &generator)
    let inSequence = leaves.dropFirst().reduce(leaves[0]) { zip($0, $1).map { $0 + $1 } }
    #expect(inSequence != treeSum(leaves, 0, 40))
  }

  @Test func `One message leaves each owner but the first`() throws {
    let counts = try LoopbackCommunicator.run(ranks: 5) { communicator in
      let counter = CountingCommunicator(communicator)
      _ = try DistributedRows(rowCount: 977 * RowGrid.defaultChunkLength, communicator: counter)
        .sum(0.0) { $0 += Double($1) }
      return counter.takeCounts()
    }
    #expect(counts.map(\.sends) == [0, 1, 1, 1, 1])
    #expect(counts.allSatisfy { $0.broadcasts == 1 && $0.others == 0 })
  }

  @Test func `Of many numbers every rank sends a slice to each other one, and its own when it is summed`() throws {
    let counts = try LoopbackCommunicator.run(ranks: 3) { communicator in
      let counter = CountingCommunicator(communicator)
      let rows = DistributedRows(rowCount: 7, chunkLength: 1, communicator: counter)
      for count in [3 * 8192 - 1, 3 * 8192] {
        _ = try rows.sum([Double](repeating: 1, count: count)) { _, _ in }
      }
      return counter.takeCounts()
    }
    #expect(counts.map(\.sends) == [0 + 4, 1 + 4, 1 + 4])
    #expect(counts.allSatisfy { $0.broadcasts == 1 && $0.others == 0 })
  }

  @Test(arguments: [1, 2, 5])
  func `A sum over no rows is zero`(ranks: Int) throws {
    let sums = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      try DistributedRows(rowCount: 0, communicator: communicator).sum([0.0, 0]) { _, _ in Issue.record() }
    }
    #expect(sums == Array(repeating: [0, 0], count: ranks))
  }

  @Test(arguments: 1...6, [2, 50_000])
  func `All ranks throw the failure of the first chunk that failed`(ranks: Int, width: Int) throws {
    var generator = SeededGenerator(seed: 7)
    let grid = RowGrid(rowCount: 20 * RowGrid.defaultChunkLength)
    for failing in [[0], [19], [7, 12], [3, 4, 5]] {
      let partition = randomPartition(grid, ranks: ranks, using: &generator)
      let failures = try LoopbackCommunicator.run(ranks: ranks) { communicator in
        failure {
          try DistributedRows(partition: partition, communicator: communicator)
            .sum([Double](repeating: 0, count: width)) { _, chunk in
              if failing.contains(chunk) { throw Failure(.data, "chunk \(chunk)") }
            }
        }
      }
      #expect(failures.allSatisfy { $0 == Failure(.data, "chunk \(failing[0])") }, "\(partition.chunks) \(failures)")
    }
  }

  @Test(arguments: [1, 4 * 8192]) func `A failed sum leaves the communicator ready for the next`(width: Int) throws {
    let sums = try LoopbackCommunicator.run(ranks: 4) { communicator in
      let rows = DistributedRows(rowCount: 9 * RowGrid.defaultChunkLength, communicator: communicator)
      let zeros = [Double](repeating: 0, count: width)
      _ = failure { try rows.sum(zeros) { _, chunk in if chunk == 5 { throw Failure(.data, "five") } } }
      return try rows.sum(0.0) { $0 += Double($1) }
    }
    #expect(sums == [36, 36, 36, 36])
  }

  @Test func `A pair sums both values in one reduction`() throws {
    let sums = try LoopbackCommunicator.run(ranks: 3) { communicator in
      let total = try DistributedRows(rowCount: 5 * RowGrid.defaultChunkLength, communicator: communicator)
        .sum(ReduciblePair([0.0, 0], 0.0)) { partial, chunk in
          partial.first[1] += Double(chunk)
          partial.second += 1
        }
      return (total.first, total.second)
    }
    #expect(sums.allSatisfy { $0 == ([0, 10], 5) })
  }
}
