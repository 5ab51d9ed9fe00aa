import CKernels

extension Kernel {
  /// Replaces each value x <= 0 by exp(x), within one unit in the last place; NaN stays NaN.
  ///
  /// The same bits in every instruction set, several values at a time.
  public static func exponentials(of values: UnsafeMutablePointer<Double>, count: Int) {
    giv_exp(values, values, count)
  }

  /// Replaces each positive normal value by its logarithm, within one unit in the last place; NaN stays NaN.
  public static func logarithms(of values: UnsafeMutablePointer<Double>, count: Int) {
    giv_log(values, values, count)
  }
}
