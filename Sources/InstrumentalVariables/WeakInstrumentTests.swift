import Diagnostics
import LinearAlgebra
import Regression
import Statistics

/// Tests of given coefficients that stay right however weak the instruments are.
extension InstrumentalRegression {
  /// Anderson and Rubin's (1949) test of all coefficients: n g'Ω⁻¹g with g the moments q'(y - D b) / n and Ω their
  /// variance, against χ² with L degrees of freedom. `unadjusted` is the form for errors of one variance, in which Ω is
  /// the residual variance of y - D b on controls and instruments. HC1 multiplies Ω by n / (n - L - c); clusters have no such
  /// factor.
  ///
  /// - Throws: ``CovarianceUnavailable`` for HC2 and HC3; ``Failure`` (numerical) when Ω is singular.
  public func andersonRubin(_ coefficients: [Double], _ kind: InstrumentalCovariance = .hc0) throws -> ChiSquareTest {
    let (test, _) = try momentTest(coefficients, kind)
    return ChiSquareTest(statistic: test.andersonRubin, degreesOfFreedom: instrumentCount)
  }

  /// Kleibergen's (2002, 2005) Lagrange multiplier test of all coefficients, against χ² with q degrees of freedom: less
  /// loss of power than Anderson and Rubin's with many instruments.
  ///
  /// - Throws: as ``andersonRubin(_:_:)``.
  public func lagrangeMultiplier(
    _ coefficients: [Double], _ kind: InstrumentalCovariance = .hc0
  ) throws -> ChiSquareTest {
    let (test, beta) = try momentTest(coefficients, kind)
    return ChiSquareTest(statistic: try test.lagrangeMultiplier(beta), degreesOfFreedom: endogenousCount)
  }

  /// Moreira's (2003) conditional likelihood ratio test for errors of one variance: the Anderson-Rubin statistic less its
  /// least, with the p-value of Andrews, Moreira and Stock (2007) given the strength of the instruments; nil for more
  /// than one endogenous column.
  public func conditionalLikelihoodRatio(_ coefficient: Double) throws -> ConditionalLikelihoodRatio? {
    guard endogenousCount == 1 else { return nil }
    return try conditionalLikelihoodRatio(beta: [-coefficient / slopeUnits[0], 1], least: try leastAndersonRubin())
  }

  private func momentTest(
    _ coefficients: [Double], _ kind: InstrumentalCovariance
  ) throws -> (test: MomentTest, beta: [Double]) {
    precondition(coefficients.count == endogenousCount, "one coefficient for each endogenous column")
    let beta = Self.residual(zip(coefficients, slopeUnits).map { $0 / $1 })
    return (try evaluated { try MomentVariances(self, kind).evaluate(beta) }, beta)
  }

  /// Turns a singular variance of moments into a failure.
  func evaluated<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as NotPositiveDefinite {
      throw Failure(
        .numerical,
        "the moments of \(instrumentCount) instruments have no variance matrix (\(error)); give fewer instruments, or more "
          + "clusters than instruments")
    }
  }

  // MARK: Conditional likelihood ratio

  /// The least Anderson-Rubin statistic, at the LIML estimate, for errors of one variance.
  func leastAndersonRubin() throws -> Double {
    try Self.named(names) { firstStageFreedom * max(try products.smallestRoot(), 0) }
  }

  /// - Parameter beta: of two numbers.
  func conditionalLikelihoodRatio(beta: [Double], least: Double) throws -> ConditionalLikelihoodRatio {
    let (projected, residual) = (products.projected, products.residual)
    let statistic = firstStageFreedom * Self.form(projected, beta) / Self.form(residual, beta)
    // The direction whose errors are uncorrelated with u.
    let image = residual * beta
    let other = [-image[1], image[0]]
    return ConditionalLikelihoodRatio(
      statistic: max(statistic - least, 0),
      strength: firstStageFreedom * Self.form(projected, other) / Self.form(residual, other),
      instrumentCount: instrumentCount)
  }
}
