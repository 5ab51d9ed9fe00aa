import Communication
import Diagnostics
import TestSupport
import Testing

@Suite struct CommunicationScopeTests {
  /// Rows of one chunk, so that on one rank nothing would have to be sent.
  private static func rows(_ communicator: any Communicator) -> DistributedRows {
    DistributedRows(rowCount: 3, communicator: communicator)
  }

  @Test func `A body that agrees within an agreement ends the process, even on one rank`() async {
    await #expect(processExitsWith: .failure) {
      let communicator = SoloCommunicator()
      try communicator.agree { try communicator.agree {} }
    }
  }

  @Test func `A chunk's adding that sums ends the process`() async {
    await #expect(processExitsWith: .failure) {
      let rows = Self.rows(SoloCommunicator())
      _ = try rows.sum(0.0) { partial, _ in partial += try rows.sum(0.0) { _, _ in } }
    }
  }

  @Test func `A sum over no rows in an agreement ends the process`() async {
    await #expect(processExitsWith: .failure) {
      let communicator = SoloCommunicator()
      try communicator.agree {
        _ = try DistributedRows(rowCount: 0, communicator: communicator).sum(0.0) { _, _ in }
      }
    }
  }

  @Test func `A value made for all ranks by a body that reduces ends the process`() async {
    await #expect(processExitsWith: .failure) {
      let communicator = SoloCommunicator()
      _ = try communicator.broadcast { try communicator.maximum([1]) }
    }
  }

  @Test func `A consumer of chunks that broadcasts ends the process`() async {
    await #expect(processExitsWith: .failure) {
      let communicator = SoloCommunicator()
      try Self.rows(communicator).forEachChunkAtRoot { _ in
        [1]
      } consume: { _, bytes in
        _ = try communicator.broadcast(bytes, from: 0)
      }
    }
  }

  @Test func `A group is silent in an agreement of all`() async {
    await #expect(processExitsWith: .failure) {
      let communicator = SoloCommunicator()
      let group = try communicator.split(color: 0)
      try communicator.agree { try group.barrier() }
    }
  }

  @Test func `All are silent in an agreement of a group`() async {
    await #expect(processExitsWith: .failure) {
      let communicator = SoloCommunicator()
      let group = try communicator.split(color: 0)
      try group.agree { try communicator.barrier() }
    }
  }

  @Test func `All are silent while groups work`() async {
    await #expect(processExitsWith: .failure) {
      let communicator = SoloCommunicator()
      let group = try communicator.split(color: 0)
      try communicator.agree(within: group) { try communicator.barrier() }
    }
  }

  @Test func `Threads that are ranks are silent too`() async {
    await #expect(processExitsWith: .failure) {
      _ = try LoopbackCommunicator.run(ranks: 3) { communicator in
        try communicator.agree { try communicator.barrier() }
      }
    }
  }

  @Test func `One rank alone may work for all by a communicator of its own`() throws {
    let totals = try LoopbackCommunicator.run(ranks: 3) { communicator in
      try communicator.broadcast { try Self.rows(SoloCommunicator()).sum(0.0) { total, _ in total += 7 } }
    }
    #expect(totals == [7, 7, 7])
  }

  @Test(arguments: [1, 2, 5])
  func `What a group fails of ends all, after the others are done`(ranks: Int) throws {
    let outcomes = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let group = try communicator.split(color: communicator.rank % 2)
      var total = 0.0
      let failure = failure {
        try communicator.agree(within: group) {
          for round in 0..<20 {
            total += try Self.rows(group).sum(0.0) { partial, _ in partial += 1 }
            if round == 3, communicator.rank % 2 == 0 { throw Failure(.data, "group 0") }
          }
        }
      }
      // After a failure all may communicate again.
      return (failure, total, try communicator.sum(counts: [1]))
    }
    for (rank, outcome) in outcomes.enumerated() {
      #expect(outcome == (Failure(.data, "group 0"), rank % 2 == 0 ? 4 : 20, [Int64(ranks)]))
    }
  }

  @Test func `A body that throws leaves the communicator open`() throws {
    let communicator = SoloCommunicator()
    #expect(failure { try communicator.agree { throw Failure(.data, "no") } } == Failure(.data, "no"))
    #expect(try communicator.agree { 3 } == 3)
  }
}
