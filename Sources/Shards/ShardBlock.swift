import Diagnostics

/// The identifiers of rows: all integers or all strings.
public enum Identifiers: Sendable, Equatable {
  case integers([Int64])
  case strings([String])

  public var count: Int {
    switch self {
    case .integers(let integers): integers.count
    case .strings(let strings): strings.count
    }
  }

  /// Joins identifiers of one kind.
  ///
  /// - Precondition: both are of the same kind, or this one is empty.
  mutating func append(_ others: Identifiers) {
    switch (self, others) {
    case (.integers(let first), .integers(let second)): self = .integers(first + second)
    case (.strings(let first), .strings(let second)): self = .strings(first + second)
    default:
      precondition(count == 0, "identifiers are either all integers or all strings")
      self = others
    }
  }

  subscript(range: Range<Int>) -> Identifiers {
    switch self {
    case .integers(let integers): .integers(Array(integers[range]))
    case .strings(let strings): .strings(Array(strings[range]))
    }
  }
}

/// Rows to append to a shard.
public struct ShardBlock: Sendable {
  /// x: rows times covariates, row-major.
  public var covariates: [Double]
  public var treatment: [Double]
  public var outcome: [Double]?
  public var source: [Int64]?
  public var weight: [Double]?
  public var identifiers: Identifiers?
  /// Further numbers by the path of their dataset, such as `truth/g`; row-major.
  public var extras: [String: [Double]]

  public init(
    covariates: [Double], treatment: [Double], outcome: [Double]? = nil, source: [Int64]? = nil,
    weight: [Double]? = nil, identifiers: Identifiers? = nil, extras: [String: [Double]] = [:]
  ) {
    self.covariates = covariates
    self.treatment = treatment
    self.outcome = outcome
    self.source = source
    self.weight = weight
    self.identifiers = identifiers
    self.extras = extras
  }

  public var rowCount: Int { treatment.count }

  /// The numbers of a dataset of doubles.
  func numbers(_ path: String, names: DatasetNames) -> [Double]? {
    switch path {
    case names.covariates: covariates
    case names.treatment: treatment
    case names.outcome: outcome
    case names.weight: weight
    default: extras[path]
    }
  }
}
