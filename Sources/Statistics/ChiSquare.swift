/// The χ² distribution, that of a sum of squares of independent standard normal variables.
///
/// Pr(X > x) = Q(ν/2, x/2), the regularised incomplete gamma function.
public struct ChiSquare: PositiveDistribution, Equatable {
  /// ν.
  public let degreesOfFreedom: Double

  /// - Precondition: `degreesOfFreedom` is positive and finite; it need not be whole.
  public init(degreesOfFreedom: Double) {
    precondition(degreesOfFreedom > 0 && degreesOfFreedom.isFinite, "degrees of freedom are positive and finite")
    self.degreesOfFreedom = degreesOfFreedom
  }

  public func density(_ x: Double) -> Double {
    if x == 0 { return degreesOfFreedom < 2 ? .infinity : degreesOfFreedom > 2 ? 0 : 0.5 }
    return x < 0 ? 0 : kernel(x) / x
  }

  func kernel(_ x: Double) -> Double { IncompleteGamma.kernel(degreesOfFreedom / 2, x / 2) }
  func tails(_ x: Double) -> (lower: Double, upper: Double) { IncompleteGamma.tails(degreesOfFreedom / 2, x / 2) }
}
