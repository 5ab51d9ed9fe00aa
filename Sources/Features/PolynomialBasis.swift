/// Monomials of the covariates, without the constant.
public struct PolynomialBasis: FeatureMap {
  /// The covariates multiplied in each monomial, ascending, repeated for powers.
  public let monomials: [[Int]]
  /// Added to each covariate before it is raised, so that powers are those of the data as given.
  public let origin: [Double]
  public let featureNames: [String]

  /// All monomials up to a degree in the order of scikit-learn's `PolynomialFeatures`: by degree, then
  /// lexicographically.
  public init(degree: Int, covariateNames: [String], origin: [Double]) {
    var all: [[Int]] = []
    var last: [[Int]] = [[]]
    for _ in 0..<degree {
      last = last.flatMap { head in ((head.last ?? 0)..<origin.count).map { head + [$0] } }
      all += last
    }
    self.init(monomials: all, covariateNames: covariateNames, origin: origin)
  }

  /// Some monomials.
  ///
  /// - Parameter origin: one number for each covariate.
  public init(monomials: [[Int]], covariateNames: [String], origin: [Double]) {
    precondition(covariateNames.count == origin.count, "a name and an origin for each covariate")
    self.monomials = monomials
    self.origin = origin
    featureNames = monomials.map { $0.map { covariateNames[$0] }.joined(separator: "*") }
  }

  /// The covariates themselves, and then products of them: what a rule of treatment is made of that is linear but for these.
  ///
  /// - Parameter products: the covariates of each, ascending.
  public init(linearWith products: [[Int]], covariateNames: [String]) {
    self.init(
      monomials: covariateNames.indices.map { [$0] } + products, covariateNames: covariateNames,
      origin: Array(repeating: 0, count: covariateNames.count))
  }

  /// The number of monomials of m covariates up to a degree, C(m + degree, degree) - 1.
  public static func count(covariates m: Int, degree: Int) -> Int {
    (1...degree).reduce(1) { $0 * (m + $1) / $1 } - 1
  }

  public func transform(
    _ covariates: [UnsafePointer<Double>], rowCount: Int, into features: UnsafeMutablePointer<Double>, stride: Int
  ) {
    for (j, monomial) in monomials.enumerated() {
      let target = features + j * stride
      for row in 0..<rowCount {
        target[row] = monomial.reduce(1) { $0 * (covariates[$1][row] + origin[$1]) }
      }
    }
  }
}
