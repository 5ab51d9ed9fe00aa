import ArgumentParser
import Communication
import LinearAlgebra
import MetaEM
import Reports
import Storage

/// `giv-dist benchmark network`: nanoseconds per training step of the representation network.
struct BenchmarkNetwork: JobCommand {
  static let configuration = CommandConfiguration(
    commandName: "network",
    abstract: "Time training steps of the representation network on random rows and labels.",
    discussion: """
      The network, the minibatches and the optimiser are those of the paper; drawing and fetching the rows and \
      standardising the features after every round are in the time. bench/torch_meta_em.py does the same steps in PyTorch.
      """)

  @OptionGroup var job: JobOptions
  @Option(help: "The number of rows, of all ranks.")
  var rows = 3000
  @Option(help: "The number of covariates, and of features.")
  var covariates = 5
  @Option(help: "The number of groups.")
  var groups = 3
  @Option(help: "The number of rounds.")
  var rounds = 20
  @Option(help: "Steps of a round.")
  var steps = 200
  @Option(help: "Rows of a minibatch.")
  var batch = 400
  @Flag(help: "Print one JSON object.")
  var json = false

  private struct Report: Encodable {
    let rows: Int
    let covariates: Int
    let groups: Int
    let ranks: Int
    let rounds: Int
    let steps: Int
    let batch: Int
    /// Of all rounds together.
    let seconds: Double
    /// The median over rounds, and the least.
    let nsPerStep: Double
    let nsPerStepMinimum: Double
    /// Of the last round.
    let loss: Double
  }

  func validate() throws {
    guard rows > 0, covariates > 0, groups > 0, rounds > 0, steps > 0, batch > 0 else {
      throw ValidationError("--rows, --covariates, --groups, --rounds, --steps and --batch must be positive")
    }
  }

  func run(on communicator: any Communicator) throws {
    let table = try BenchmarkTable.make(rows: rows, columns: covariates + 1, on: communicator)
    let random = CounterRandom(seed: 2, stream: .test)
    var weights = [Double](repeating: 0, count: table.rows.localRows.count * groups)
    for (place, row) in table.rows.localRows.enumerated() {
      weights[place * groups + random.integer(below: groups, row: row, draw: 0)] = 1
    }
    var settings = RepresentationTrainer.Settings()
    settings.steps = steps
    settings.batchSize = batch
    var trainer = try RepresentationTrainer(
      encoder: .dense(covariateScales: Array(repeating: 1, count: covariates), dimension: covariates),
      groupCount: groups, table: table, settings: settings)
    let clock = ContinuousClock()
    var times: [Double] = []
    var loss = 0.0
    for _ in 0..<rounds {
      try communicator.barrier()
      let begin = clock.now
      loss = try trainer.train(on: table, weights: weights)
      times.append(try communicator.maximum([(clock.now - begin) / .seconds(1)])[0])
    }
    guard communicator.isRoot else { return }
    let sorted = times.sorted()
    let report = Report(
      rows: rows, covariates: covariates, groups: groups, ranks: communicator.size, rounds: rounds, steps: steps,
      batch: batch, seconds: times.reduce(0, +), nsPerStep: sorted[rounds / 2] / Double(steps) * 1e9,
      nsPerStepMinimum: sorted[0] / Double(steps) * 1e9, loss: loss)
    print(json ? try jsonText(report) : text(report))
  }

  private func text(_ report: Report) -> String {
    """
    \(rounds) rounds of \(steps) steps of \(batch) rows, \(rows) rows, m = \(covariates), K = \(groups), \
    \(report.ranks) rank\(report.ranks == 1 ? "" : "s"): \(format(report.seconds, decimals: 3)) s
    \(format(report.nsPerStep / 1e3, decimals: 1)) us per step (median of the rounds; least \
    \(format(report.nsPerStepMinimum / 1e3, decimals: 1)))
    """
  }
}
