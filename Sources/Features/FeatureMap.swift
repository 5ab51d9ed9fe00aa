/// A map from covariates x in R^m to features r in R^p.
///
/// It is a pure function of one row, so it may be evaluated chunk by chunk and again in every pass.
public protocol FeatureMap: Sendable, Codable {
  /// A name for each feature, as it appears in reports.
  var featureNames: [String] { get }
  /// The number of features, p.
  var dimension: Int { get }
  /// Whether r = x, so that the covariates' own columns serve.
  var isIdentity: Bool { get }
  /// Evaluates the features of some rows.
  ///
  /// - Parameters:
  ///   - covariates: one pointer per covariate, to `rowCount` values.
  ///   - rowCount: the number of rows.
  ///   - features: receives feature j of row i at `features[j * stride + i]`.
  func transform(
    _ covariates: [UnsafePointer<Double>], rowCount: Int, into features: UnsafeMutablePointer<Double>, stride: Int)
}

extension FeatureMap {
  public var dimension: Int { featureNames.count }
  public var isIdentity: Bool { false }
}
