import LinearAlgebra

extension Elementary {
  /// log Γ(a) for a > 0: (a - ½) log a - a + ½ log 2π + S(a), S as in ``Stirling``.
  public static func logGamma(_ a: Double) -> Double {
    (a - 0.5) * log(a) - a + 0.5 * log(2 * .pi) + Stirling.remainder(a)
  }

  /// ψ(a) = d log Γ(a) / da for a > 0: the asymptotic series from 10 on, below by ψ(a) = ψ(a + 1) - 1 / a.
  public static func digamma(_ a: Double) -> Double {
    var (argument, sum) = (a, 0.0)
    while argument < 10 {
      sum -= 1 / argument
      argument += 1
    }
    // B_2j / 2j.
    let coefficients: [Double] = [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32_760, 1 / 12]
    let square = 1 / (argument * argument)
    return sum + log(argument) - 0.5 / argument - square * coefficients.reversed().reduce(0) { $0 * square + $1 }
  }
}
