import LinearAlgebra

/// The regularised incomplete beta function I_x(a, b) and its complement I_y(b, a), y = 1 - x, for a, b > 0.
///
/// Both x and y are asked for, because each may be tiny. By the continued fraction of DiDonato and Morris (1992,
/// "Algorithm 708", equation 9), on the side of the mean a / (a + b) where all its terms have one sign; the smaller of
/// the two functions keeps its relative precision.
struct IncompleteBeta {
  let a: Double
  let b: Double

  /// x^a y^b / B(a, b): x y times the density.
  func kernel(_ x: Double, _ y: Double) -> Double {
    guard x > 0, y > 0 else { return x.isNaN || y.isNaN ? .nan : 0 }
    let n = a + b
    // n x - a = -(n y - b) without the cancellation.
    let shift = b * x - a * y
    let exponent =
      Stirling.deviance(a, ratio: n * x / a, excess: shift / a)
      + Stirling.deviance(b, ratio: n * y / b, excess: -shift / b)
      + Stirling.remainder(a) + Stirling.remainder(b) - Stirling.remainder(n)
    return (a / n * b / (2 * .pi)).squareRoot() * Elementary.exp(-exponent)
  }

  /// (I_x(a, b), I_y(b, a)).
  func tails(_ x: Double, _ y: Double) -> (lower: Double, upper: Double) {
    guard x > 0, y > 0 else { return x.isNaN || y.isNaN ? (.nan, .nan) : x > 0 ? (1, 0) : (0, 1) }
    if a * y >= b * x {
      let lower = kernel(x, y) / Self.fraction(a, b, x, y)
      return (lower, 1 - lower)
    }
    let upper = kernel(x, y) / Self.fraction(b, a, y, x)
    return (1 - upper, upper)
  }

  private static func fraction(_ a: Double, _ b: Double, _ x: Double, _ y: Double) -> Double {
    let shift = a * y - b * x
    return ContinuedFraction.value(first: a / (a + 1) * (shift + 1)) { m in
      let odd = a + 2 * m - 1
      let numerator = (a + m - 1) / odd * ((a + b + m - 1) / odd * x) * m * (b - m) * x
      let denominator = m + m * (b - m) * x / odd + (a + m) / (a + 2 * m + 1) * (shift + 1 + m * (1 + y))
      return (numerator, denominator)
    }
  }
}
