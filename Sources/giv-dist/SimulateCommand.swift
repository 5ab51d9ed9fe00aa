import ArgumentParser
import Communication
import Diagnostics
import Shards
import Simulation
import Storage

extension SimulationScenario: ExpressibleByArgument {}
extension SimulationErrorLaw: ExpressibleByArgument {}
extension SimulationNoiseKind: ExpressibleByArgument {}

/// `giv-dist simulate`: data with a hidden group instrument, as shards with their truth.
struct Simulate: JobCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Simulate shards with a hidden group instrument and known truth (Eq. 13-16 of the Meta-EM paper).",
    discussion: """
      T = sum_j w_zj (X_j + f_X(X_j)) + 0.2 eps + N(0, 0.1), with the source z uniform on the groups; \
      Y = -1.5 T + 0.9 T^2 + mean(X) + |X1 X2| - sin(10 + X2 X3) + 2 eps + N(0, 0.1). The truth lies in datasets of \
      its own: z, truth/w, truth/g, truth/tau (the effect of T instead of 0), truth/eps. The files are the same for any \
      number of ranks, and the rows for any number of shards.
      """)

  @Option(help: "f_X: what a covariate adds to itself in the treatment.")
  var scenario = SimulationScenario.linear
  @Option(help: "The number of sources, K.")
  var groups = 3
  @Option(help: "The number of covariates. (default: 3, or the number of --columns)")
  var covariates: Int?
  @Option(help: "The number of rows. (default: 3000, or all rows of the --covariates-from file)")
  var rows: Int?
  @Option(help: "The number of files.")
  var shards = 1
  @Option(help: "The seed of all random numbers.")
  var seed: UInt64 = 0
  @Option(help: "The size of the noise of treatment and outcome.")
  var noise = 0.1
  @Option(help: "Whether --noise is a standard deviation or a variance.")
  var noiseKind = SimulationNoiseKind.standardDeviation
  @Option(
    parsing: .unconditional,
    help: "The coefficient of eps in the treatment, or one for each group with commas between. (default: 0.2)",
    transform: numbers)
  var confounding = [0.2]
  @Option(help: "The coefficient of eps in the outcome.")
  var outcomeConfounding = 2.0
  @Option(help: "The law of eps (of the part that X does not carry) and of the noise, with mean 0 and variance 1.")
  var errors = SimulationErrorLaw.normal
  @Option(help: "A CSV file whose rows, standardised and clipped to [-3, 3], are the covariates.")
  var covariatesFrom: String?
  @Option(help: "The columns of --covariates-from, by name, with commas between.", transform: commaSeparated)
  var columns: [String] = []
  @Option(help: "Rows of a test sample under do(t), in test.h5; from a file, the rows after --rows.")
  var testRows = 0
  @Option(help: "The folder to write.")
  var out: String
  @OptionGroup var job: JobOptions
  @Flag(help: "Replace the shards that are in the folder.")
  var force = false
  @Flag(help: "Print one JSON object.")
  var json = false

  /// Writes the shards. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure``.
  func run(on communicator: any Communicator) throws {
    let simulation = try communicator.agree { try configured() }
    let manifest = try simulation.write(shards: shards, toFolder: out, force: force, on: communicator)
    guard communicator.isRoot else { return }
    print(json ? try report(simulation, manifest) : summary(simulation, manifest))
  }

  private func configured() throws -> Simulation {
    guard columns.isEmpty || covariatesFrom != nil else {
      throw Failure(.usage, "--columns names columns of a file; give --covariates-from FILE.csv too")
    }
    let table = try covariatesFrom.map { try SimulationCovariates(csv: $0, columns: columns) }
    var parameters = SimulationParameters()
    parameters.scenario = scenario
    parameters.groups = groups
    parameters.covariates = covariates ?? table?.columns ?? parameters.covariates
    parameters.rows = rows ?? table.map { max(1, $0.rows - testRows) } ?? parameters.rows
    parameters.testRows = testRows
    parameters.seed = seed
    parameters.noise = noise
    parameters.noiseKind = noiseKind
    parameters.confounding = confounding
    parameters.outcomeConfounding = outcomeConfounding
    parameters.errors = errors
    return try Simulation(parameters, covariates: table)
  }
}

// MARK: - Output

extension Simulate {
  private struct Report: Encodable {
    let out: String
    let parameters: SimulationParameters
    let manifest: Manifest
  }

  private func report(_ simulation: Simulation, _ manifest: Manifest) throws -> String {
    try jsonText(Report(out: out, parameters: simulation.parameters, manifest: manifest))
  }

  private func summary(_ simulation: Simulation, _ manifest: Manifest) -> String {
    let parameters = simulation.parameters
    let test = parameters.testRows > 0 ? ", and \(parameters.testRows) test rows in \(Simulation.testFileName)" : ""
    return "\(out): \(manifest.rows) rows in \(manifest.shards.count) shards\(test); "
      + "\(parameters.scenario.rawValue), \(parameters.groups) groups, \(parameters.covariates) covariates, "
      + "seed \(parameters.seed)"
  }
}

private func numbers(_ list: String) throws -> [Double] {
  try list.split(separator: ",", omittingEmptySubsequences: false).map { word in
    guard let value = Double(word) else { throw ValidationError("'\(word)' is not a number") }
    return value
  }
}

private func commaSeparated(_ list: String) throws -> [String] {
  list.split(separator: ",").map(String.init)
}
