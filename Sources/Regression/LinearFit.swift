import LinearAlgebra

/// What sums of squares are divided by to give the variance of a residual.
public enum VarianceDivisor: String, Sendable, Codable {
  /// n, which maximum likelihood and large samples take.
  case rows
  /// n - p, which makes it unbiased under equal variances.
  case degreesOfFreedom
}

/// A linear regression y = b'x + u that was fitted to cross-products of columns c.
public protocol LinearFit: Sendable {
  /// The columns x, in the order of the coefficients.
  var regressors: [Int] { get }
  /// b.
  var coefficients: [Double] { get }
  /// A⁻¹ [p, p], where A b = Σ v x̂ y are the equations solved.
  var bread: Matrix { get }
  /// Σ v u².
  var residualSquares: Double { get }
  /// n, the sum of the weights: the square sum of the constant.
  var rowCount: Double { get }
  /// The scores v x̂ u of rows, of which a sandwich is made.
  var scores: RegressionScores { get }
}

extension LinearFit {
  /// The variance of u.
  public func residualVariance(_ divisor: VarianceDivisor) -> Double {
    residualSquares / (divisor == .rows ? rowCount : rowCount - Double(coefficients.count))
  }

  /// The covariance of b when all u have one variance: σ² A⁻¹.
  public func classicalCovariance(_ divisor: VarianceDivisor) -> Matrix {
    residualVariance(divisor) * bread
  }
}
