import CKernels

/// Elementary functions with the same bits on every machine; those of the C library depend on the processor.
///
/// Results are within 0.9 units in the last place, over the whole range of numbers. Whatever enters a result is computed
/// by these, by the kernels, or by operations that IEEE 754 rounds correctly.
public enum Elementary {
  /// e^x: infinity above 709.78, 0 below -745.13.
  public static func exp(_ x: Double) -> Double { giv_scalar_exp(x) }

  /// The natural logarithm: -infinity at 0, NaN below it.
  public static func log(_ x: Double) -> Double { giv_scalar_log(x) }

  /// The sine of x radians, whatever their number; NaN when x is not finite.
  public static func sin(_ x: Double) -> Double { giv_scalar_sin(x) }

  /// The cosine of x radians, whatever their number; NaN when x is not finite.
  public static func cos(_ x: Double) -> Double { giv_scalar_cos(x) }

  /// Sine and cosine at about the cost of one.
  public static func sinCos(_ x: Double) -> (sin: Double, cos: Double) {
    var (sine, cosine) = (0.0, 0.0)
    giv_scalar_sin_cos(x, &sine, &cosine)
    return (sine, cosine)
  }

  /// x^n by repeated squaring, within n units in the last place.
  ///
  /// - Precondition: `exponent >= 0`.
  public static func power(_ base: Double, _ exponent: Int) -> Double {
    precondition(exponent >= 0, "powers are of numbers that are not negative")
    var (result, square, rest) = (1.0, base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result *= square }
      square *= square
      rest >>= 1
    }
    return result
  }
}
