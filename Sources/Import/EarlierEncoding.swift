import Diagnostics
import Frames
import Shards

/// How earlier tables became numbers, so that new ones become the same: the covariates with their levels and references,
/// what stands for missing numbers, and the names of treatment and outcome.
public struct EarlierEncoding: Sendable, Codable, Equatable {
  /// The shards or the run that it is of, for messages.
  public var path: String
  public var covariates: [Covariate]
  /// The means of covariates of numbers, where they are known.
  public var means: [String: Double]
  public var treatment: String
  /// Nil when it has none.
  public var outcome: String?

  public init(
    path: String, covariates: [Covariate], means: [String: Double], treatment: String, outcome: String?
  ) {
    self.path = path
    self.covariates = covariates
    self.means = means
    self.treatment = treatment
    self.outcome = outcome
  }

  /// That of shards.
  ///
  /// - Throws: ``Failure`` when they cannot be opened or disagree.
  public init(shards path: String) throws {
    let collection = try ShardCollection.open([path])
    self.init(
      path: path, covariates: collection.covariates, means: collection.means, treatment: collection.treatmentName,
      outcome: collection.roles.contains(.outcome) ? collection.outcomeName : nil)
  }

  /// The columns of a table that are its covariates, in its order.
  ///
  /// - Parameter given: the names of the columns; none for those of the covariates. Columns of other names take the
  ///   places in which they are given.
  public func columns(_ given: [String]) -> [String] {
    let names = covariates.map(\.name)
    return given.isEmpty || Set(given) == Set(names) ? names : given
  }

  /// Refuses columns that are not as many as the covariates, or where one has the name of a covariate at another place.
  ///
  /// - Throws: ``Failure`` `usage` that lists the covariates.
  func requireOrder(_ columns: [String]) throws {
    let names = covariates.map(\.name)
    let isMoved = zip(columns, names).contains { $0 != $1 && names.contains($0) }
    guard columns.count == names.count, !isMoved else {
      throw Failure(
        .usage,
        "the covariates are named \(columns.joined(separator: ", ")), and \(path) has \(names.joined(separator: ", ")); name a "
          + "column for each of these, in this order")
    }
  }
}
