import Communication
import Diagnostics
import Foundation
import Reproduction
import Simulation
import TestSupport
import Testing

@Suite struct ReproductionTests {
  private static func grid(_ experiments: [Experiment], _ only: [String], replications: Int = 1) -> ReproductionGrid {
    var grid = ReproductionGrid(experiments)
    grid.only = only
    grid.replications = replications
    return grid
  }

  @Test func `every cell has a name of its own, and only what is asked for is kept`() throws {
    var grid = ReproductionGrid(Experiment.allCases)
    grid.covariates = try SimulationCovariates(names: ["a"], values: [0, 1, 2, 4], origin: "test")
    grid.file = "file"
    let cells = try grid.cells()
    #expect(Set(cells.map(\.name)).count == cells.count && cells.allSatisfy { !$0.name.contains("/") })
    #expect(Set(cells.map(\.experiment)) == Set(Experiment.allCases))
    #expect(cells.count.isMultiple(of: grid.replications))

    let few = try Self.grid([.table1], ["True", "None", "poly2sls"], replications: 2).cells()
    #expect(
      few.map { "\($0.row) \($0.column) \($0.replication)" } == [
        "None poly2sls 0", "None poly2sls 1", "True poly2sls 0", "True poly2sls 1",
      ])
    // A row alone keeps all its columns.
    #expect(try Set(Self.grid([.table2], ["EM"]).cells().map(\.column)).count == 5)
  }

  @Test func `a name that is no row or column is refused, and real covariates that are lacking`() throws {
    let unknown = try #require(throws: Failure.self) { try Self.grid([.table1], ["Truth"]).cells() }
    #expect(unknown.exitCode == .usage && unknown.message.contains("GIV-EM"))
    let lacking = try #require(throws: Failure.self) { try Self.grid([.table5], []).cells() }
    #expect(lacking.exitCode == .usage && lacking.message.contains("--covariates-from"))
  }

  private static func run(
    _ grid: ReproductionGrid, in folder: URL, existing: Bool = false, on communicator: any Communicator,
    observer: @escaping (ReproductionResult) -> Void = { _ in }, stop: @escaping () -> Bool = { false }
  ) throws -> [ReproductionResult] {
    var reproduction = Reproduction(grid)
    reproduction.observer = observer
    reproduction.isStopRequested = stop
    return try reproduction.run(in: folder.path, existing: existing ? .resume : .refuse, on: communicator)
  }

  @Test func `what was stopped goes on, with the same numbers on any number of ranks`() throws {
    try withTemporaryDirectory { folder in
      let grid = Self.grid([.table2], ["EM", "Fun-EM", "linear", "poly", "Bayes rule"])
      let whole = try Self.run(grid, in: folder.appendingPathComponent("whole"), on: SoloCommunicator())
      #expect(whole.count == 6 && whole.allSatisfy { $0.failure == nil && $0.values[.accuracy]! > 0.6 })

      var finished = 0
      let part = folder.appendingPathComponent("part")
      let stopped = #expect(throws: Failure.self) {
        try Self.run(
          grid, in: part, on: SoloCommunicator(), observer: { _ in finished += 1 }, stop: { finished == 2 })
      }
      #expect(stopped?.exitCode == .temporary)
      let resumed = try LoopbackCommunicator.run(ranks: 3) {
        try Self.run(grid, in: part, existing: true, on: $0).map(\.values)
      }
      for values in resumed { #expect(values == whole.map(\.values)) }
    }
  }

  @Test func `a cell that fails is told, and the others go on`() throws {
    try withTemporaryDirectory { folder in
      var grid = Self.grid([.table2, .table5], ["Bayes rule", "True", "linear", "ols"])
      grid.covariates = try SimulationCovariates(
        names: ["a", "b"], values: (0..<16).map { Double($0 * $0 % 7) }, origin: "test")
      grid.file = "few"
      let results = try Self.run(grid, in: folder.appendingPathComponent("out"), on: SoloCommunicator())
      #expect(results.map { $0.failure == nil } == [true, false])
      let summaries = ReproductionSummary.all(results)
      #expect(summaries.map(\.failed) == [0, 1] && summaries[0].means[.accuracy]! > 0.8)
    }
  }

  @Test func `real covariates are drawn in an order of their own for every replication`() throws {
    let table = try SimulationCovariates(names: ["a", "b"], values: (0..<40).map(Double.init), origin: "test")
    let (one, other) = (table.shuffled(seed: 1), table.shuffled(seed: 2))
    func rows(_ table: SimulationCovariates) -> [[Double]] { (0..<20).map { Array(table.values[2 * $0..<2 * $0 + 2]) } }
    #expect(one.values != other.values && one.values == table.shuffled(seed: 1).values)
    func sorted(_ table: SimulationCovariates) -> [[Double]] { rows(table).sorted { $0[0] < $1[0] } }
    #expect(sorted(one) == sorted(table) && sorted(other) == sorted(table))
  }

  @Test func `means and deviations are those of the replications`() throws {
    try withTemporaryDirectory { folder in
      let grid = Self.grid([.table2], ["Bayes rule", "linear"], replications: 3)
      let results = try Self.run(grid, in: folder.appendingPathComponent("out"), on: SoloCommunicator())
      let values = results.map { $0.values[.accuracy]! }
      let summary = try #require(ReproductionSummary.all(results).first)
      let mean = (values[0] + values[1] + values[2]) / 3
      let squares = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
      #expect(summary.replications == 3 && abs(summary.means[.accuracy]! - mean) < 1e-15)
      #expect(abs(summary.deviations[.accuracy]! - (squares / 2).squareRoot()) < 1e-15)
      #expect(Set(values).count == 3)
    }
  }
}
