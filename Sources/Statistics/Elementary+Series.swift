import LinearAlgebra

extension Elementary {
  /// log(1 + x) - x for x > -1, to full relative precision near 0, where the two terms cancel.
  ///
  /// With v = x / (2 + x), log(1 + x) = 2 (v + v³/3 + v⁵/5 + ..) and 2 v - x = -x v.
  static func logOnePlusMinus(_ x: Double) -> Double {
    guard abs(x) < 0.5 else { return log(1 + x) - x }
    let v = x / (2 + x)
    return 2 * v * oddSeries(v * v) - x * v
  }

  /// log(1 + x) for x > -1, to full relative precision near 0.
  static func logOnePlus(_ x: Double) -> Double {
    abs(x) < 0.5 ? logOnePlusMinus(x) + x : log(1 + x)
  }

  /// Σ_{j ≥ 1} s^j / (2j + 1) for 0 ≤ s < 1, that is artanh(√s)/√s - 1.
  static func oddSeries(_ s: Double) -> Double {
    var (power, sum, order) = (s, 0.0, 3.0)
    while power > sum * 0x1p-56 {
      sum += power / order
      power *= s
      order += 2
    }
    return sum
  }
}
