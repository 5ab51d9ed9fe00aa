/// r = x.
public struct IdentityBasis: FeatureMap {
  public let featureNames: [String]
  public var isIdentity: Bool { true }

  public init(covariateNames: [String]) { featureNames = covariateNames }

  public func transform(
    _ covariates: [UnsafePointer<Double>], rowCount: Int, into features: UnsafeMutablePointer<Double>, stride: Int
  ) {
    for (j, values) in covariates.enumerated() {
      (features + j * stride).update(from: values, count: rowCount)
    }
  }
}
