import Diagnostics
import Frames

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
