import Communication
import Foundation
import Runs
import Testing

/// Where the time of a command goes, over ranks and starts.
@Suite struct PhasesTests {
  private struct Counter: Codable { var count = 0 }

  /// A phase of so many passes.
  private static func count(to end: Int, _ name: String, _ journal: Journal) throws {
    func progress(_ counter: Counter) -> Journal.Progress {
      Journal.Progress(passes: counter.count, values: ["fits": .integer(2)])
    }
    _ = try journal.run(name, from: Counter(), progress: progress) { state, afterPass in
      var state = state
      while state.count < end {
        state.count += 1
        try afterPass(state)
      }
      return state
    }
  }

  @Test func `Where no journal tells of passes, sums over rows are passes, if asked for`() throws {
    for countsSums in [false, true] {
      let tables = try LoopbackCommunicator.run(ranks: 2) { communicator in
        let phases = Phases("first", countsSums: countsSums, on: communicator)
        let rows = DistributedRows(rowCount: 5, chunkLength: 1, communicator: communicator)
        func sum() throws { _ = try rows.sum(0.0) { partial, _ in partial += 1 } }
        let run = Run(phases: phases)
        try sum()
        run.start("second")
        for _ in 0..<3 { try sum() }
        try Self.count(to: 2, "loop", run.journal)
        run.start("third")
        return try phases.table().rows.map(\.passes)
      }
      for passes in tables { #expect(passes == (countsSums ? [1, 3, 2, 0] : [0, 0, 2, 0])) }
    }
  }

  /// Two phases of one name, and a step with phases of its own, between others.
  private static func run(on communicator: any Communicator) throws -> PhaseTable {
    let phases = Phases("first", on: communicator)
    let run = Run(phases: phases)
    run.start("between")
    try count(to: 3, "loop", run.journal)
    usleep(UInt32(2000 * (1 + communicator.rank)))
    try count(to: 1, "loop", run.journal)
    _ = try run.journal.step("replicate") {
      try count(to: 5, "loop", run.journal)
      return 0
    }
    return try phases.table()
  }

  @Test(arguments: [1, 3])
  func `every moment and every pass is of one phase`(ranks: Int) throws {
    let tables = try LoopbackCommunicator.run(ranks: ranks) { try Self.run(on: $0) }
    for table in tables {
      #expect(table.rows.map(\.phase) == ["first", "between", "loop", "replicate"])
      #expect(table.rows.map(\.passes) == [0, 0, 4, 5] && table.rows.map(\.fits) == [0, 0, 8, 10])
      let sum = table.rows.reduce(0) { $0 + $1.seconds }
      #expect(table.rows.allSatisfy { $0.seconds >= 0 && $0.peakBytes > 0 })
      #expect(abs(sum - table.wallSeconds) < 1e-9)
      #expect(table.rows[1].seconds >= 0.002)
    }
  }

  @Test func `earlier starts are added once, and the longer of two holds the other`() throws {
    func table(_ sleep: UInt32, adding earlier: [PhaseTable]) throws -> PhaseTable {
      let phases = Phases("first", on: SoloCommunicator())
      for table in earlier { phases.add(earlier: table) }
      usleep(sleep)
      try Self.count(to: 2, "loop", Run(phases: phases).journal)
      return try phases.table()
    }
    let short = try table(1000, adding: [])
    let long = try table(5000, adding: [short])
    #expect(long.rows.map(\.passes) == [0, 4] && long.wallSeconds > short.wallSeconds)
    let last = try table(0, adding: [short, long, short])
    #expect(last.rows.map(\.passes) == [0, 6])
    let sum = last.rows.reduce(0) { $0 + $1.seconds }
    #expect(abs(sum - last.wallSeconds) < 1e-9 && sum > long.wallSeconds)
  }
}
