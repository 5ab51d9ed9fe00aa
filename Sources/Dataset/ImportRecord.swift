import Diagnostics

/// Where shards came from and what was done to the rows; kept in their manifest and, in part, in each of them.
public struct ImportRecord: Codable, Sendable, Equatable {
  public struct Input: Codable, Sendable, Equatable {
    /// The path as it was given.
    public var path: String
    /// The SHA-256 of the file.
    public var sha256: String
  }

  /// How categories became numbers.
  public struct Categories: Codable, Sendable, Equatable {
    /// The categories of each covariate that has them; the first one has no indicator column.
    public var covariates: [String: [String]]
    /// The true sources in the order of their codes 0, 1, …; absent when they were integers.
    public var source: [String]?
  }

  /// What was done about missing values.
  public struct MissingValues: Codable, Sendable, Equatable {
    public var policy: MissingPolicy
    public var rowsRead: Int
    public var rowsKept: Int
    public var rowsDropped: Int
    /// Missing values over all rows read, for each column that has any.
    public var missing: [String: Int]
    /// What stands for them, for each covariate that was filled.
    public var means: [String: Double]
  }

  public var inputs: [Input]
  public var categories: Categories
  public var missingValues: MissingValues

  init(inputs: [String], survey: ImportSurvey, encoding: ImportEncoding) throws {
    self.inputs = try inputs.map { Input(path: $0, sha256: try SHA256Digest.ofFile($0)) }
    categories = Categories(covariates: encoding.categories, source: encoding.sources)
    missingValues = MissingValues(
      policy: survey.plan.missing, rowsRead: survey.rowsRead, rowsKept: survey.rowsKept,
      rowsDropped: survey.rowsRead - survey.rowsKept,
      missing: Dictionary(survey.missingByColumn.map { ($0.name, $0.count) }, uniquingKeysWith: max),
      means: encoding.means)
  }

  /// The header of the shards.
  func header(_ plan: ImportPlan, _ encoding: ImportEncoding) throws -> ShardHeader {
    var header = ShardHeader(covariateNames: encoding.covariateNames)
    header.treatmentName = plan.treatment
    header.outcomeName = plan.outcome
    header.sourceDigest = inputs.map(\.sha256).joined(separator: " ")
    if !categories.covariates.isEmpty || categories.source != nil { header.categories = try jsonText(categories) }
    header.missingValues = try jsonText(missingValues)
    return header
  }
}

/// What an import did.
public struct ImportSummary: Codable, Sendable, Equatable {
  /// The folder of the shards.
  public var folder: String
  public var rows: Int
  public var covariates: [String]
  public var shards: [Manifest.Shard]
  public var record: ImportRecord
}
