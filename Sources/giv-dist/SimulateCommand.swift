import ArgumentParser
import Communication
import Diagnostics
import Reports
import Shards
import Simulation
import Storage

/// What is simulated: sources that treat differently, by what a covariate adds to itself, proxies of a class, a
/// causal graph, a front door of numbers or images, or a panel.
private enum Scenario: ExpressibleByArgument {
  case sources(SimulationScenario)
  case proxies
  case graph
  case frontDoor(FrontDoorLaw)
  case panel

  static var allValueStrings: [String] {
    SimulationScenario.allCases.map(\.rawValue) + ["proxies", "graph"] + FrontDoorLaw.allCases.map(\.rawValue) + [
      "panel"
    ]
  }

  init?(argument: String) {
    if argument == "proxies" {
      self = .proxies
    } else if argument == "graph" {
      self = .graph
    } else if argument == "panel" {
      self = .panel
    } else if let law = FrontDoorLaw(rawValue: argument) {
      self = .frontDoor(law)
    } else if let scenario = SimulationScenario(rawValue: argument) {
      self = .sources(scenario)
    } else {
      return nil
    }
  }

  var defaultValueDescription: String {
    switch self {
    case .sources(let scenario): scenario.rawValue
    case .proxies: "proxies"
    case .graph: "graph"
    case .frontDoor(let law): law.rawValue
    case .panel: "panel"
    }
  }

  var isSources: Bool { if case .sources = self { true } else { false } }
  var isProxies: Bool { if case .proxies = self { true } else { false } }
  var isGraph: Bool { if case .graph = self { true } else { false } }
  var isPanel: Bool { if case .panel = self { true } else { false } }
}

extension SimulationErrorLaw: ExpressibleByArgument {}
extension SimulationNoiseKind: ExpressibleByArgument {}

/// `giv-dist simulate`: data with a hidden group instrument, as shards with their truth.
struct Simulate: JobCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Simulate shards with known truth: a hidden group instrument, proxies, a causal graph, or a panel.",
    discussion: """
      T = sum_j w_zj (X_j + f_X(X_j)) + 0.2 eps + N(0, 0.1), with the source z uniform on the groups; \
      Y = -1.5 T + 0.9 T^2 + mean(X) + |X1 X2| - sin(10 + X2 X3) + 2 eps + N(0, 0.1). The truth lies in datasets of \
      its own: z, truth/w, truth/g, truth/tau (the effect of T instead of 0), truth/eps (Eq. 13-16 of the Meta-EM paper). \
      With --scenario proxies a class that is not recorded confounds treatment and outcome, and x holds proxies of it; \
      truth/u, truth/shares, truth/means, truth/effects and truth/ate tell the truth. With \
      --scenario graph rows of categories follow the arrows of --graph by a law drawn at random, with an unrecorded cause \
      behind every <->; truth/effect tells P(--outcome | --do) and truth/laws the rest. With --scenario real-front-door, \
      mixed-front-door or glyphs something unrecorded moves X and Y, and X moves Y through M alone: numbers, a category \
      between, or small images of coloured digits; truth/do and truth/digits tell the truth. With --scenario panel outcomes of \
      units over periods are moved by a few factors, all units are under one arm before and under their own after, at once or in \
      --cohorts, and \
      truth/theta tells the mean after of every unit under every arm. The files are the same for any \
      number of ranks, and the rows for any number of shards.

        giv-dist simulate --groups 3 --rows 100000 --shards 8 --out shards
        giv-dist simulate --scenario proxies --law three-class --rows 100000 --out shards
        giv-dist simulate --scenario graph --graph graph.txt --do X --outcome Y --rows 100000 --out rows
        giv-dist simulate --scenario panel --units 60 --pre-periods 40 --post-periods 8 --out panel
      """)

  @Option(
    help:
      """
      f_X: what a covariate adds to itself in the treatment; or proxies of a hidden class; a causal graph; a front door of \
      numbers or images; a panel.
      """)
  private var scenario = Scenario.sources(.linear)
  @OptionGroup var proxies: ProxyLawOptions
  @OptionGroup var causal: GraphLawOptions
  @OptionGroup var panel: PanelLawOptions
  @Option(help: "The number of sources, K. (default: 3)")
  var groups: Int?
  @Option(help: "The number of covariates. (default: 3, or the number of --columns)")
  var covariates: Int?
  @Option(
    help: "The number of rows. (default: 3000, or all rows of the --covariates-from file; 10000 of proxies and graphs)")
  var rows: Int?
  @Option(help: "The number of files.")
  var shards = 1
  @Option(help: "The seed of all random numbers.")
  var seed: UInt64 = 0
  @Option(help: "The size of the noise of treatment and outcome. (default: 0.1; of the outcomes of a panel 0.5)")
  var noise: Double?
  @Option(help: "Whether --noise is a standard deviation or a variance. (default: sd)")
  var noiseKind: SimulationNoiseKind?
  @Option(
    parsing: .unconditional,
    help: "The coefficient of eps in the treatment, or one for each group with commas between. (default: 0.2)",
    transform: numbers)
  var confounding: [Double]?
  @Option(help: "The coefficient of eps in the outcome. (default: 2.0)")
  var outcomeConfounding: Double?
  @Option(
    help: """
      The law of eps (of the part that X does not carry) and of the noise, with mean 0 and variance 1. (default: normal)
      """)
  var errors: SimulationErrorLaw?
  @Option(help: "A CSV file whose rows, standardised and clipped to [-3, 3], are the covariates.")
  var covariatesFrom: String?
  @Option(help: "The columns of --covariates-from, by name, with commas between.", transform: commaSeparated)
  var columns: [String] = []
  @Option(help: "Rows of a test sample under do(t), in test.h5; from a file, the rows after --rows. (default: 0)")
  var testRows: Int?
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
    if scenario.isPanel {
      let simulation = try communicator.agree { try PanelSimulation(panel.parameters(noise: noise, seed: seed)) }
      try write(simulation, simulation.parameters, rows: "units", on: communicator) {
        "; \(simulation.periodCount) periods, \(simulation.parameters.arms) arms, \(simulation.factorCount) factors, seed \(seed)"
      }
    } else if case .frontDoor(let law) = scenario {
      var parameters = FrontDoorParameters(law: law)
      (parameters.rows, parameters.seed) = (rows ?? parameters.rows, seed)
      let simulation = try communicator.agree { try FrontDoorSimulation(parameters) }
      try write(simulation, parameters, on: communicator) { "; X -> M -> Y and X <-> Y, seed \(seed)" }
    } else if scenario.isGraph {
      let simulation = try communicator.agree { try GraphSimulation(causal.parameters(rows: rows, seed: seed)) }
      try write(simulation, simulation.parameters, on: communicator) {
        "; \(simulation.levels.count) variables, \(simulation.latentShares.count) unrecorded causes, seed \(seed)"
      }
    } else if scenario.isProxies {
      let simulation = try communicator.agree { try ProxySimulation(proxies.parameters(rows: rows, seed: seed)) }
      try write(simulation, simulation.parameters, on: communicator) {
        "; law \(simulation.parameters.law.rawValue), \(simulation.shares.count) classes, seed \(seed); average effect "
          + significant(simulation.averageEffect)
      }
    } else {
      let simulation = try communicator.agree { try configured() }
      try write(simulation, simulation.parameters, on: communicator) { Self.summary(simulation.parameters) }
    }
  }

  private func write(
    _ simulation: some ShardedSimulation, _ parameters: some Encodable, rows: String = "rows",
    on communicator: any Communicator, _ words: () -> String
  ) throws {
    let manifest = try simulation.write(shards: shards, toFolder: out, force: force, on: communicator)
    guard communicator.isRoot else { return }
    print(
      json
        ? try jsonText(Report(out: out, parameters: parameters, manifest: manifest))
        : "\(out): \(manifest.rows) \(rows) in \(manifest.shards.count) shards\(words())")
  }

  func validate() throws {
    func ofSources(_ name: String, _ value: Any?) -> ScopedOption {
      ScopedOption(name, value, with: "scenarios of sources", isRead: scenario.isSources)
    }
    try
      ([
        ofSources("--groups", groups), ofSources("--covariates", covariates),
        ScopedOption(
          "--noise", noise, with: "scenarios of sources or a panel", isRead: scenario.isSources || scenario.isPanel),
        ScopedOption("--rows", rows, with: "scenarios of sources, proxies or graphs", isRead: !scenario.isPanel),
        ofSources("--noise-kind", noiseKind), ofSources("--confounding", confounding),
        ofSources("--outcome-confounding", outcomeConfounding), ofSources("--errors", errors),
        ofSources("--covariates-from", covariatesFrom), ofSources("--columns", columns.isEmpty ? nil : columns),
        ofSources("--test-rows", testRows),
      ]
      + proxies.given.map { ScopedOption($0, true, with: "--scenario proxies", isRead: scenario.isProxies) }
      + causal.given.map { ScopedOption($0, true, with: "--scenario graph", isRead: scenario.isGraph) }
      + panel.given.map { ScopedOption($0, true, with: "--scenario panel", isRead: scenario.isPanel) })
      .requireReaders()
  }

  private func configured() throws -> Simulation {
    guard columns.isEmpty || covariatesFrom != nil else {
      throw Failure(.usage, "--columns names columns of a file; give --covariates-from FILE.csv too")
    }
    let table = try covariatesFrom.map { try SimulationCovariates(csv: $0, columns: columns) }
    var parameters = SimulationParameters()
    if case .sources(let scenario) = scenario { parameters.scenario = scenario }
    parameters.groups = groups ?? parameters.groups
    parameters.covariates = covariates ?? table?.columns ?? parameters.covariates
    parameters.rows = rows ?? table.map { max(1, $0.rows - (testRows ?? 0)) } ?? parameters.rows
    parameters.testRows = testRows ?? parameters.testRows
    parameters.seed = seed
    parameters.noise = noise ?? parameters.noise
    parameters.noiseKind = noiseKind ?? parameters.noiseKind
    parameters.confounding = confounding ?? parameters.confounding
    parameters.outcomeConfounding = outcomeConfounding ?? parameters.outcomeConfounding
    parameters.errors = errors ?? parameters.errors
    return try Simulation(parameters, covariates: table)
  }
}

// MARK: - Output

extension Simulate {
  private struct Report<Parameters: Encodable>: Encodable {
    let out: String
    let parameters: Parameters
    let manifest: Manifest
  }

  private static func summary(_ parameters: SimulationParameters) -> String {
    let test = parameters.testRows > 0 ? ", and \(parameters.testRows) test rows in \(Simulation.testFileName)" : ""
    return
      "\(test); \(parameters.scenario.rawValue), \(parameters.groups) groups, \(parameters.covariates) covariates, "
      + "seed \(parameters.seed)"
  }
}

private func numbers(_ list: String) throws -> [Double] {
  try list.split(separator: ",", omittingEmptySubsequences: false).map { word in
    guard let value = Double(word) else { throw ValidationError("'\(word)' is not a number") }
    return value
  }
}

func commaSeparated(_ list: String) throws -> [String] {
  list.split(separator: ",").map(String.init)
}
