/// What becomes of rows with missing values.
public enum MissingPolicy: String, Sendable, Codable, CaseIterable {
  /// Any missing value ends the import, with counts by column.
  case refuse
  /// Rows with a missing value in any planned column are left out.
  case drop
  /// A missing number of a covariate becomes the mean of that covariate over the kept rows; in a column of categories,
  /// missing is a category of its own. Nothing else can be filled: rows without treatment, outcome, weight, source or
  /// institution are left out.
  case mean
}
