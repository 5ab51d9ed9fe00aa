/// A map from covariates x in R^m to the representation r in R^p that the distribution blocks see.
///
/// It is a pure function of one row, so it may be evaluated chunk by chunk and again in every pass.
public protocol Representation: Sendable, Codable {
  /// The number of features p.
  var dimension: Int { get }
  /// A name for each feature, as it appears in reports.
  var featureNames: [String] { get }
  /// Evaluates the features of some rows.
  ///
  /// - Parameters:
  ///   - covariates: one pointer per covariate, to `rowCount` values.
  ///   - rowCount: the number of rows.
  ///   - features: receives feature j of row i at `features[j * stride + i]`.
  func transform(
    _ covariates: [UnsafePointer<Double>], rowCount: Int, into features: UnsafeMutablePointer<Double>, stride: Int)
}

/// The representation of the command line: which one, with what was learned.
public enum AnyRepresentation: Sendable, Codable {
  case identity(IdentityRepresentation)
  case polynomial(PolynomialRepresentation)
  case spline(SplineRepresentation)
  case shape(ShapeRepresentation)
  indirect case network(NetworkRepresentation)

  public var base: any Representation {
    switch self {
    case .identity(let value): value
    case .polynomial(let value): value
    case .spline(let value): value
    case .shape(let value): value
    case .network(let value): value
    }
  }
}

/// r = x.
public struct IdentityRepresentation: Representation {
  public let featureNames: [String]
  public var dimension: Int { featureNames.count }

  public init(covariateNames: [String]) { featureNames = covariateNames }

  public func transform(
    _ covariates: [UnsafePointer<Double>], rowCount: Int, into features: UnsafeMutablePointer<Double>, stride: Int
  ) {
    for (j, values) in covariates.enumerated() {
      (features + j * stride).update(from: values, count: rowCount)
    }
  }
}
