/// Where shards came from and what was done to the rows; kept in their manifest and, in part, in each of them.
public struct ImportRecord: Codable, Sendable, Equatable {
  public struct Input: Codable, Sendable, Equatable {
    /// The path as it was given.
    public var path: String
    /// The SHA-256 of the file.
    public var sha256: String

    public init(path: String, sha256: String) {
      self.path = path
      self.sha256 = sha256
    }
  }

  /// How categories became numbers.
  public struct Categories: Codable, Sendable, Equatable {
    /// The categories of each covariate that has them; the first one has no indicator column.
    public var covariates: [String: [String]]
    /// The true sources in the order of their codes 0, 1, …; absent when they were integers.
    public var source: [String]?

    public init(covariates: [String: [String]], source: [String]?) {
      self.covariates = covariates
      self.source = source
    }
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

    public init(
      policy: MissingPolicy, rowsRead: Int, rowsKept: Int, missing: [String: Int], means: [String: Double]
    ) {
      self.policy = policy
      self.rowsRead = rowsRead
      self.rowsKept = rowsKept
      rowsDropped = rowsRead - rowsKept
      self.missing = missing
      self.means = means
    }
  }

  public var inputs: [Input]
  public var categories: Categories
  public var missingValues: MissingValues

  public init(inputs: [Input], categories: Categories, missingValues: MissingValues) {
    self.inputs = inputs
    self.categories = categories
    self.missingValues = missingValues
  }
}
