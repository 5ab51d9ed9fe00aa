/// What a row holds, by its role in the analysis.
public enum Variable: String, Sendable, CaseIterable, Codable {
  /// x [n, m]: covariates.
  case covariates
  /// t [n]: treatment.
  case treatment
  /// y [n]: outcome.
  case outcome
  /// z [n], integers: the true source, when known; used in scoring only.
  case source
  /// weight [n]: non-negative row weights.
  case weight
  /// id [n]: strings or integers carried to the posteriors.
  case identifier
}
