import LinearAlgebra

/// The gamma function split as Γ(a) = √(2π/a) (a/e)^a exp(S(a)).
///
/// Probabilities need ratios of Γ in which the large factors cancel; written with S they cancel on paper, and what is
/// left keeps its relative precision for any a (Loader 2000, "Fast and accurate computation of binomial
/// probabilities").
enum Stirling {
  /// B_{2j} / (2j (2j - 1)), the coefficients of a^(1 - 2j) in S(a).
  private static let coefficients: [Double] = [
    1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360_360, 1 / 156, -3617 / 122_400,
  ]

  /// S(a) = log Γ(a + 1) - (a + ½) log a + a - ½ log 2π for a > 0, to 1e-16.
  ///
  /// From 10 on by Stirling's series; below, S(a) - S(a + 1) = (a + ½) log(1 + 1/a) - 1 = Σ_{j ≥ 1} v^(2j) / (2j + 1)
  /// with v = 1 / (2a + 1).
  static func remainder(_ a: Double) -> Double {
    var (argument, sum) = (a, 0.0)
    while argument < 10 {
      let v = 1 / (2 * argument + 1)
      sum += Elementary.oddSeries(v * v)
      argument += 1
    }
    let square = 1 / (argument * argument)
    return sum + coefficients.reversed().reduce(0) { $0 * square + $1 } / argument
  }

  /// a (r - 1 - log r) for r = 1 + excess > 0, the exponent that the large factors leave; `excess` is asked for beside
  /// r because it is known without cancellation.
  static func deviance(_ a: Double, ratio: Double, excess: Double) -> Double {
    abs(excess) < 0.5 ? -a * Elementary.logOnePlusMinus(excess) : a * (excess - Elementary.log(ratio))
  }
}
