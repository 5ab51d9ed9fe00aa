import Communication
import Diagnostics
import TestSupport
import Testing

@Suite struct WishesTests {
  /// Few and many chunks, so that some ranks or none have nothing to add; or all on the last rank.
  private static func partitions(ranks: Int) -> [Partition] {
    let even = [1, 2, 3, 20].map { Partition(grid: RowGrid(rowCount: $0, chunkLength: 1), ranks: ranks) }
    let grid = RowGrid(rowCount: 5, chunkLength: 1)
    let last = Partition(grid: grid, chunks: Array(repeating: 0..<0, count: ranks - 1) + [0..<5])
    return even + [last, Partition(grid: grid, chunks: Partition(grid: grid, ranks: ranks).chunks.reversed())]
  }

  @Test(arguments: [1, 2, 3, 5, 8], [false, true])
  func `The greatest wish of any rank reaches all with the sum`(ranks: Int, isLong: Bool) throws {
    let width = isLong ? ranks * 8192 : 1
    for partition in Self.partitions(ranks: ranks) {
      for (wisher, wish) in (0..<ranks).flatMap({ rank in [Wish.goOn, .save, .stop].map { (rank, $0) } }) {
        let heard = try LoopbackCommunicator.run(ranks: ranks) { communicator in
          communicator.wishes.ask { communicator.rank == wisher ? wish : .goOn }
          let rows = DistributedRows(partition: partition, communicator: communicator)
          let sum = try rows.sum([Double](repeating: 0, count: width)) { $0[width - 1] += Double($1) }
          return (sum[width - 1], communicator.wishes.take(), communicator.wishes.take())
        }
        let count = Double(partition.grid.chunkCount)
        #expect(heard.allSatisfy { $0 == (count * (count - 1) / 2, wish, .goOn) }, "\(partition.chunks) \(wisher)")
      }
    }
  }

  @Test func `Of two wishes the greater one is agreed on`() throws {
    let heard = try LoopbackCommunicator.run(ranks: 4) { communicator in
      communicator.wishes.ask { [.save, .goOn, .stop, .save][communicator.rank] }
      _ = try DistributedRows(rowCount: 3, chunkLength: 1, communicator: communicator).sum(0.0) { _, _ in }
      return communicator.wishes.take()
    }
    #expect(heard == [.stop, .stop, .stop, .stop])
  }

  @Test(arguments: [1, 2, 5]) func `A pass that makes no sum agrees on wishes by itself`(ranks: Int) throws {
    let heard = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      try communicator.agreeOnWishes()
      let unasked = communicator.wishes.take()
      communicator.wishes.ask { communicator.rank == ranks - 1 ? .stop : .save }
      try communicator.agreeOnWishes()
      return (unasked, communicator.wishes.take(), communicator.wishes.take())
    }
    #expect(heard.allSatisfy { $0 == (.goOn, .stop, .goOn) })
  }

  @Test func `A wish of one of several sums is kept until it is taken`() throws {
    let heard = try LoopbackCommunicator.run(ranks: 3) { communicator in
      var sums = 0
      communicator.wishes.ask {
        sums += 1
        return communicator.rank == 1 && sums == 2 ? .save : .goOn
      }
      let rows = DistributedRows(rowCount: 7, chunkLength: 1, communicator: communicator)
      for _ in 0..<4 { _ = try rows.sum(0.0) { _, _ in } }
      return (sums, communicator.wishes.take())
    }
    #expect(heard.allSatisfy { $0 == (4, .save) })
  }

  @Test func `A wish is heard with a failure too`() throws {
    let heard = try LoopbackCommunicator.run(ranks: 4) { communicator in
      communicator.wishes.ask { communicator.rank == 3 ? .stop : .goOn }
      let rows = DistributedRows(rowCount: 9, chunkLength: 1, communicator: communicator)
      let failure = failure { try rows.sum(0.0) { if $1 == 2 { throw Failure(.data, "two") } } }
      return (failure, communicator.wishes.take())
    }
    #expect(heard.allSatisfy { $0 == (Failure(.data, "two"), .stop) })
  }

  @Test func `Groups of a split wish on their own`() throws {
    let heard = try LoopbackCommunicator.run(ranks: 5) { communicator in
      let group = try communicator.split(color: communicator.rank % 2)
      group.wishes.ask { communicator.rank == 3 ? .save : .goOn }
      for ranks in [group, communicator] {
        _ = try DistributedRows(rowCount: 9, chunkLength: 1, communicator: ranks).sum(0.0) { _, _ in }
      }
      return (group.wishes.take(), communicator.wishes.take())
    }
    #expect(heard.map(\.0) == [.goOn, .save, .goOn, .save, .goOn])
    #expect(heard.allSatisfy { $0.1 == .goOn })
  }

  @Test(arguments: [(3, [0, 1, 1, 0, 0], [0, 1, 1, 1, 1]), (20, [0, 1, 1, 1, 1], [0, 1, 1, 1, 1])])
  func `Wishes cost no message but those of ranks without rows`(rowCount: Int, silent: [Int], asked: [Int]) throws {
    for (isAsked, sends) in [(false, silent), (true, asked)] {
      let counts = try LoopbackCommunicator.run(ranks: 5) { communicator in
        let counter = CountingCommunicator(communicator)
        if isAsked { counter.wishes.ask { .save } }
        let chunks = (0..<5).map { min($0, rowCount)..<($0 == 4 ? rowCount : min($0 + 1, rowCount)) }
        let partition = Partition(grid: RowGrid(rowCount: rowCount, chunkLength: 1), chunks: chunks)
        _ = try DistributedRows(partition: partition, communicator: counter).sum(0.0) { _, _ in }
        return counter.takeCounts()
      }
      #expect(counts == sends.map { CountingCommunicator.Counts(sends: $0, broadcasts: 1) })
    }
  }
}
