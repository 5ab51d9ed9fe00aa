/// Continued fractions b₀ + a₁/(b₁ + a₂/(b₂ + ..)).
enum ContinuedFraction {
  /// The value by the modified Lentz method, to the last bits, or as far as a million terms reach.
  ///
  /// - Parameters:
  ///   - first: b₀.
  ///   - terms: (a_j, b_j) for j = 1, 2, ..
  static func value(first: Double, terms: (_ j: Double) -> (numerator: Double, denominator: Double)) -> Double {
    let tiny = 1e-300
    var value = first == 0 ? tiny : first
    var (c, d) = (value, 0.0)
    for step in 1...1_000_000 {
      let (numerator, denominator) = terms(Double(step))
      d = 1 / nonzero(denominator + numerator * d, tiny)
      c = nonzero(denominator + numerator / c, tiny)
      value *= c * d
      // Written so that NaN ends the loop as well.
      guard abs(c * d - 1) > 0x1p-51 else { break }
    }
    return value
  }

  private static func nonzero(_ x: Double, _ tiny: Double) -> Double { x == 0 ? tiny : x }
}
