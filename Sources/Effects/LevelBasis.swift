/// Functions of the standardised covariates of which X(x), what the outcome has of covariates alone, may be made.
struct LevelBasis: Sendable {
  private enum Kind {
    case polynomial(ControlBasis)
    case splines(TensorSplines)
  }

  /// `polynomial:3`, `splines:4`.
  let name: String
  private let kind: Kind

  /// All monomials up to a degree.
  init(degree: Int, covariateNames: [String]) {
    name = "polynomial:\(degree)"
    kind = .polynomial(ControlBasis(degree: degree, covariateNames: covariateNames))
  }

  /// Splines of each covariate and of pairs.
  ///
  /// - Parameter knots: of each covariate, standardised.
  init(knots: [[Double]], count: Int) {
    name = "splines:\(count)"
    kind = .splines(TensorSplines(knots: knots))
  }

  /// The number of functions, the constant aside.
  var count: Int {
    switch kind {
    case .polynomial(let basis): basis.count
    case .splines(let basis): basis.count
    }
  }

  /// Writes function j of row i to `output[j * stride + i]`.
  func evaluate(
    _ covariates: [UnsafePointer<Double>], rowCount: Int, into output: UnsafeMutablePointer<Double>, stride: Int
  ) {
    switch kind {
    case .polynomial(let basis): basis.evaluate(covariates, rowCount: rowCount, into: output, stride: stride)
    case .splines(let basis): basis.evaluate(covariates, rowCount: rowCount, into: output, stride: stride)
    }
  }
}
