/// Fisher's F distribution, that of the ratio of two independent χ² variables, each divided by its degrees of freedom.
///
/// Pr(X ≤ f) = I_x(d₁/2, d₂/2) with x = d₁ f / (d₁ f + d₂), the regularised incomplete beta function.
public struct FDistribution: PositiveDistribution, Equatable {
  /// d₁.
  public let numerator: Double
  /// d₂.
  public let denominator: Double

  /// - Precondition: both degrees of freedom are positive and finite; they need not be whole.
  public init(numerator: Double, denominator: Double) {
    precondition(
      numerator > 0 && numerator.isFinite && denominator > 0 && denominator.isFinite,
      "degrees of freedom are positive and finite")
    self.numerator = numerator
    self.denominator = denominator
  }

  public func density(_ f: Double) -> Double {
    if f == 0 { return numerator < 2 ? .infinity : numerator > 2 ? 0 : 1 }
    return f < 0 ? 0 : kernel(f) / f
  }

  func kernel(_ f: Double) -> Double {
    let (x, y) = shares(f)
    return beta.kernel(x, y)
  }

  func tails(_ f: Double) -> (lower: Double, upper: Double) {
    let (x, y) = shares(f)
    return beta.tails(x, y)
  }

  private var beta: IncompleteBeta { IncompleteBeta(a: numerator / 2, b: denominator / 2) }

  /// x and 1 - x, each to full relative precision.
  private func shares(_ f: Double) -> (x: Double, y: Double) {
    let ratio = numerator / denominator * f
    return (1 / (1 + 1 / ratio), 1 / (1 + ratio))
  }
}
