import ArgumentParser
import Communication
import Diagnostics
import Frames
import LinearAlgebra
import Panels
import Reports
import Simulation
import Storage
import SyntheticInterventions

/// `giv-dist benchmark si`: microseconds per unit of synthetic interventions.
struct BenchmarkSi: JobCommand {
  static let configuration = CommandConfiguration(
    commandName: "si",
    abstract: "Time synthetic interventions over a simulated panel in memory: all units under all arms.",
    discussion: """
      From the outcomes to the digest of the table: the sums, the models of arms, every unit under every arm with its \
      interval, every donor left out of its own arm, calibration and tests.
      """)

  @OptionGroup var job: JobOptions
  @Option(help: "The number of units, of all ranks.")
  var units = 100_000
  @Option(help: "Periods before.")
  var pre = 100
  @Option(help: "Periods after.")
  var post = 20
  @Option(help: "The number of arms.")
  var arms = 4
  @Option(help: "The number of factors, simulated and kept.")
  var rank = 6
  @Option(help: "How donors are left out.")
  var leaveOut = SyntheticInterventionsOptions.LeaveOut.fixedSubspace
  @Option(help: "Timed fits.")
  var passes = 5
  @Flag(help: "Print one JSON object.")
  var json = false

  private struct Report: Encodable {
    let units: Int
    let pre: Int
    let post: Int
    let arms: Int
    let rank: Int
    let leaveOut: String
    let ranks: Int
    let kernel: String
    /// The median over fits, and the least.
    let usPerUnit: Double
    let usPerUnitMinimum: Double
    let tableDigest: String
  }

  func validate() throws {
    guard units >= 10 * arms, pre > rank, post >= 1, arms >= 1, rank >= 1, passes >= 1 else {
      throw ValidationError("give at least 10 --units for each arm, and more periods before than the --rank")
    }
  }

  func run(on communicator: any Communicator) throws {
    var parameters = PanelParameters()
    (parameters.units, parameters.prePeriods, parameters.postPeriods) = (units, pre, post)
    (parameters.arms, parameters.factors, parameters.noise) = (arms, rank, 1)
    let simulation = try PanelSimulation(parameters)
    let rows = DistributedRows(grid: Panel.grid(rowCount: units), communicator: communicator)
    let frame = try Frame(
      SimulatedUnits(simulation: simulation), rows: rows,
      schema: Schema([Column("y", .outcome, .vector(width: pre + post), allowsMissing: true)]))
    let panel = Panel(
      layout: .units, frame: frame, arms: simulation.armNames, periods: (1...pre + post).map(String.init),
      metrics: ["y"], units: (1...units).map(String.init), unitArms: (0..<units).map(simulation.arm))
    var options = SyntheticInterventionsOptions(
      windows: PeriodWindows(before: 0..<pre, after: pre..<pre + post))
    (options.rank, options.leaveOut) = (.fixed(rank), leaveOut)
    var digest = ""
    let clock = ContinuousClock()
    let times = try (0..<passes).map { _ in
      try communicator.barrier()
      let begin = clock.now
      digest = try SyntheticInterventions(options).run(on: panel).result.tableDigest
      return try communicator.maximum([(clock.now - begin) / .seconds(1)])[0]
    }.sorted()
    guard communicator.isRoot else { return }
    let report = Report(
      units: units, pre: pre, post: post, arms: arms, rank: rank, leaveOut: leaveOut.rawValue,
      ranks: communicator.size, kernel: Kernel.name, usPerUnit: times[passes / 2] / Double(units) * 1e6,
      usPerUnitMinimum: times[0] / Double(units) * 1e6, tableDigest: digest)
    print(json ? try jsonText(report) : text(report))
  }

  private func text(_ report: Report) -> String {
    """
    \(units) units, \(pre) periods before and \(post) after, \(arms) arms, rank \(rank), \(report.leaveOut); \
    \(report.ranks) rank\(report.ranks == 1 ? "" : "s"), kernel \(report.kernel)
    \(format(report.usPerUnit, decimals: 3)) us per unit (median of \(passes) fits; least \
    \(format(report.usPerUnitMinimum, decimals: 3)))
    """
  }
}

/// The units of a simulated panel.
private struct SimulatedUnits: ChunkSource {
  let simulation: PanelSimulation

  func fill(_ target: FrameChunks, with chunks: Range<Int>) throws {
    for chunk in chunks {
      for (offset, number) in target.grid.rows(ofChunk: chunk).enumerated() {
        for (period, outcome) in simulation.unit(number).outcomes.enumerated() {
          target.reals(0, component: period, chunk: chunk)[offset] = outcome
        }
      }
    }
  }
}
