/// The features that no network has to learn: which ones, with their knots, powers and coefficients.
public enum Basis: FeatureMap {
  case identity(IdentityBasis)
  /// Covariates and products of them, just as they are.
  case monomials(PolynomialBasis)
  case polynomial(PolynomialCurves)
  case spline(SplineBasis)
  case shape(SplineCurves)

  private var map: any FeatureMap {
    switch self {
    case .identity(let value): value
    case .monomials(let value): value
    case .polynomial(let value): value
    case .spline(let value): value
    case .shape(let value): value
    }
  }

  public var featureNames: [String] { map.featureNames }
  public var dimension: Int { map.dimension }
  public var isIdentity: Bool { map.isIdentity }

  public func transform(
    _ covariates: [UnsafePointer<Double>], rowCount: Int, into features: UnsafeMutablePointer<Double>, stride: Int
  ) {
    map.transform(covariates, rowCount: rowCount, into: features, stride: stride)
  }
}
