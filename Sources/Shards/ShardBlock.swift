import Diagnostics
import Frames

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

  var values: ColumnValues {
    switch self {
    case .integers(let integers): .codes(integers)
    case .strings(let strings): .texts(strings)
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
  /// The values of ``ShardHeader/columns``, in their order.
  public var columns: [ColumnValues]
  /// Further numbers by the path of their dataset, such as `truth/g`; row-major.
  public var extras: [String: [Double]]

  public init(
    covariates: [Double] = [], treatment: [Double] = [], outcome: [Double]? = nil, source: [Int64]? = nil,
    weight: [Double]? = nil, identifiers: Identifiers? = nil, columns: [ColumnValues] = [],
    extras: [String: [Double]] = [:]
  ) {
    self.covariates = covariates
    self.treatment = treatment
    self.outcome = outcome
    self.source = source
    self.weight = weight
    self.identifiers = identifiers
    self.columns = columns
    self.extras = extras
  }

  /// The rows that have a treatment.
  public var rowCount: Int { treatment.count }

  /// The values of a role that has a dataset of its own.
  func values(_ role: Role) -> ColumnValues? {
    switch role {
    case .covariate: .reals(covariates)
    case .treatment: .reals(treatment)
    case .outcome: outcome.map { .reals($0) }
    case .weight: weight.map { .reals($0) }
    case .source: source.map { .codes($0) }
    case .identifier: identifiers?.values
    default: nil
    }
  }
}
