import LinearAlgebra

/// Student's t distribution, whose square is F with 1 and ν degrees of freedom.
///
/// Beyond |t| = 1e154, where t² is no number, its tails count as 0.
public struct StudentT: SymmetricDistribution, Equatable {
  /// ν.
  public let degreesOfFreedom: Double

  /// - Precondition: `degreesOfFreedom` is positive and finite; it need not be whole.
  public init(degreesOfFreedom: Double) {
    precondition(degreesOfFreedom > 0 && degreesOfFreedom.isFinite, "degrees of freedom are positive and finite")
    self.degreesOfFreedom = degreesOfFreedom
  }

  /// Γ(b + ½) / (√(νπ) Γ(b)) (1 + t²/ν)^(-b - ½), b = ν/2, with Γ as in ``Stirling``.
  public func density(_ t: Double) -> Double {
    let b = degreesOfFreedom / 2
    let exponent =
      Stirling.remainder(b + 0.5) - Stirling.remainder(b) + b * Elementary.logOnePlusMinus(0.5 / b)
      - (b + 0.5) * Elementary.logOnePlus(t * t / degreesOfFreedom)
    return Elementary.exp(exponent) / (2 * .pi).squareRoot()
  }

  var square: FDistribution { FDistribution(numerator: 1, denominator: degreesOfFreedom) }
}
