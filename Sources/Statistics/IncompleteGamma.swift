import LinearAlgebra

/// The regularised incomplete gamma functions P(a, x) and Q(a, x) = 1 - P(a, x), for a > 0 and x ≥ 0.
///
/// The series of P below x = a + 1 and the continued fraction of Q above, by the modified Lentz method (Press et al.
/// 2007, section 6.2), which take about 10 √a steps around x = a. The smaller of the two keeps its relative precision.
enum IncompleteGamma {
  /// x^a e^(-x) / Γ(a): x times the density.
  static func kernel(_ a: Double, _ x: Double) -> Double {
    guard x > 0, x.isFinite else { return x.isNaN ? .nan : 0 }
    let exponent = Stirling.deviance(a, ratio: x / a, excess: (x - a) / a) + Stirling.remainder(a)
    return (a / (2 * .pi)).squareRoot() * Elementary.exp(-exponent)
  }

  /// (P, Q).
  static func tails(_ a: Double, _ x: Double) -> (lower: Double, upper: Double) {
    guard x > 0 else { return x.isNaN ? (.nan, .nan) : (0, 1) }
    guard x.isFinite else { return (1, 0) }
    if x < a + 1 {
      let lower = kernel(a, x) / a * series(a, x)
      return (lower, 1 - lower)
    }
    let upper = kernel(a, x) / fraction(a, x)
    return (1 - upper, upper)
  }

  /// Σ_{j ≥ 0} x^j / ((a + 1) .. (a + j)).
  private static func series(_ a: Double, _ x: Double) -> Double {
    var (term, sum, index) = (1.0, 1.0, a)
    while term > sum * 0x1p-55 {
      index += 1
      term *= x / index
      sum += term
    }
    return sum
  }

  /// x + 1 - a - 1 (1 - a) / (x + 3 - a - 2 (2 - a) / (x + 5 - a - ..)).
  private static func fraction(_ a: Double, _ x: Double) -> Double {
    ContinuedFraction.value(first: x + 1 - a) { step in
      (-step * (step - a), x + 1 - a + 2 * step)
    }
  }
}
