import Diagnostics
import Effects
import MetaEM
import NonparametricIV
import Runs
import Simulation

/// What an experiment draws its rows from: a scenario, or real covariates.
public struct ReproductionData: Sendable, Codable, Hashable {
  public let scenario: SimulationScenario
  public let groups: Int
  public let covariates: Int
  /// The name of the file of covariates; nil for simulated ones.
  public let file: String?

  init(_ scenario: SimulationScenario, groups: Int, covariates: Int, file: String? = nil) {
    self.scenario = scenario
    self.groups = groups
    self.covariates = covariates
    self.file = file
  }

  /// As the paper names it: `Linear-3-3` has three groups and three covariates.
  public var name: String { file ?? "\(scenario.rawValue.capitalized)-\(groups)-\(covariates)" }
}

/// How groups are found whose accuracy is measured.
public enum GroupFit: String, Sendable, Codable, CaseIterable {
  case kmeans = "KM"
  /// Regressions on the covariates themselves.
  case em = "EM"
  /// Regressions on curves of the covariates: the default of `train`.
  case metaEM = "Meta-EM"
  /// Regressions on the covariates' true functions.
  case functionEM = "Fun-EM"
  /// No fit: the posterior of the law that rows were drawn from.
  case bayes = "Bayes rule"
}

/// What serves as the instrument in a row of a table.
public enum InstrumentRow: String, Sendable, Codable, CaseIterable {
  case none = "None"
  case uas = "UAS"
  case was = "WAS"
  case mode = "ModeIV"
  case auto = "AutoIV"
  /// Groups by k-means, their number chosen by the mean discrepancy.
  case kmeans = "GIV-KM"
  /// Groups by k-means of the right number.
  case knownKMeans = "GIV-KM*"
  /// Groups by mixtures of regressions.
  case em = "GIV-EM"
  /// Groups by the joint model of treatment and outcome.
  case joint = "joint"
  case truth = "True"

  /// What is made of the covariates, which are controls as well.
  var rule: CandidateRule? {
    switch self {
    case .uas: .uas
    case .was: .was
    case .mode: .mode
    case .auto: .auto
    default: nil
    }
  }

  /// Whether something moves the treatment that is no function of the controls.
  var isExcluded: Bool { self != .none && rule == nil }
}

/// The regression in a column of a table.
public enum RegressionColumn: Sendable, Hashable {
  case nonparametric(NonparametricMethod)
  case ordinary
  case sieve
  /// The effect of the joint model itself.
  case joint

  public var name: String {
    switch self {
    case .nonparametric(let method): method.rawValue
    case .ordinary: EffectMethod.ordinary.name
    case .sieve: EffectMethod.sieve.name
    case .joint: "joint"
    }
  }

  /// Those that the program has, in the order of the paper's columns.
  static var all: [RegressionColumn] {
    let places = Dictionary(uniqueKeysWithValues: PaperFigures.methods.enumerated().map { ($1, $0) })
    let methods = NonparametricMethod.allCases.sorted { places[$0.rawValue] ?? .max < places[$1.rawValue] ?? .max }
    return methods.map(RegressionColumn.nonparametric) + [.ordinary, .sieve, .joint]
  }
}

extension RegressionColumn: Codable {
  public init(from decoder: any Decoder) throws {
    let name = try decoder.singleValueContainer().decode(String.self)
    guard let column = Self.all.first(where: { $0.name == name }) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "'\(name)' is no regression"))
    }
    self = column
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(name)
  }
}

/// One cell of one replication of an experiment.
public struct ReproductionCell: ScheduledCell {
  public enum Work: Sendable, Codable, Hashable {
    case groups(GroupFit, count: Int)
    case effect(InstrumentRow, RegressionColumn)
  }

  public let experiment: Experiment
  public let data: ReproductionData
  /// The names of its row and column.
  public let row: String
  public let column: String
  public let replication: Int
  public let work: Work

  public var name: String {
    let text = "\(experiment.rawValue)-\(row)-\(column)-\(replication)"
    return String(text.map { $0 == " " || $0 == "/" ? "_" : $0 == "*" ? "x" : $0 })
  }
}

/// What a cell came to.
public struct ReproductionResult: ScheduledResult {
  public let cell: ReproductionCell
  public var failure: Failure?
  public var values: [Measure: Double] = [:]
  /// Of a figure of outcomes: shares of the test rows, then g and ĝ at the rows in the order of g.
  public var curve: [[Double]] = []
  public var seconds = 0.0

  init(_ cell: ReproductionCell, failure: Failure? = nil) {
    self.cell = cell
    self.failure = failure
  }
}
