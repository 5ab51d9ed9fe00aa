/// The cubic B-splines of one covariate on clamped knots, continued linearly outside them.
///
/// With distinct breakpoints q_0 < … < q_s the basis has s + 3 functions; on each interval four are not zero, each a
/// cubic polynomial stored in the local coordinate u = x - q_i (de Boor 1978, ch. IX and X). Outside [q_0, q_s] every
/// function continues along its tangent, so that a new row outside the training range gets a finite, modest feature.
public struct CubicSpline: Sendable, Codable, Equatable {
  /// Distinct breakpoints, ascending, at least two.
  public let breakpoints: [Double]
  /// coefficients[(interval * 4 + b) * 4 + e]: of u^e, for function interval + b.
  private let coefficients: [Double]

  /// The number of basis functions.
  public var count: Int { breakpoints.count + 2 }

  /// - Precondition: `breakpoints` ascend strictly and are at least two.
  public init(breakpoints: [Double]) {
    precondition(breakpoints.count >= 2 && zip(breakpoints, breakpoints.dropFirst()).allSatisfy(<))
    self.breakpoints = breakpoints
    let knots = Self.clamped(breakpoints)
    coefficients = (0..<breakpoints.count - 1).flatMap { Self.polynomials(knots: knots, interval: $0) }
  }

  /// The four polynomials of one interval by the Cox-de Boor recurrence on polynomials in u = x - q_interval.
  private static func polynomials(knots: [Double], interval: Int) -> [Double] {
    let origin = knots[interval + 3]
    // Of degree d, functions interval + 3 - d ... interval + 3 are not zero on the interval.
    var basis = [[1.0, 0, 0, 0]]
    for degree in 1...3 {
      var next = Array(repeating: [0.0, 0, 0, 0], count: degree + 1)
      for (position, lower) in basis.enumerated() {
        let j = interval + 4 - degree + position
        let left = knots[j]
        let right = knots[j + degree]
        let width = right - left
        // This function of the lower degree rises into function j of the higher one, falls into function j - 1.
        for e in 0..<4 {
          next[position + 1][e] += (origin - left) / width * lower[e]
          next[position][e] += (right - origin) / width * lower[e]
          if e < 3 {
            next[position + 1][e + 1] += lower[e] / width
            next[position][e + 1] -= lower[e] / width
          }
        }
      }
      basis = next
    }
    return basis.flatMap { $0 }
  }

  /// Per function the mean of its three inner knots: the coefficients of the function x.
  var knotAverages: [Double] {
    let knots = Self.clamped(breakpoints)
    return (0..<count).map { function in knots[function + 1...function + 3].reduce(0, +) / 3 }
  }

  /// Per function the mean of the products of two of its three inner knots: the coefficients of the function x².
  var knotProducts: [Double] {
    let knots = Self.clamped(breakpoints)
    return (0..<count).map { function in
      let (a, b, c) = (knots[function + 1], knots[function + 2], knots[function + 3])
      return (a * b + a * c + b * c) / 3
    }
  }

  private static func clamped(_ breakpoints: [Double]) -> [Double] {
    let (first, last) = (breakpoints[0], breakpoints[breakpoints.count - 1])
    return [first, first, first] + breakpoints + [last, last, last]
  }

  /// Evaluates all functions but the first, which the others determine: function b of value i goes to
  /// `output[(b - 1) * stride + i]`, b = 1 ..< `self.count`.
  public func evaluate(
    _ values: UnsafePointer<Double>, count rows: Int, into output: UnsafeMutablePointer<Double>, stride: Int
  ) {
    evaluate(values, count: rows, into: output, stride: stride) { c, u, beyond in
      let value = ((c[3] * u + c[2]) * u + c[1]) * u + c[0]
      return beyond == 0 ? value : value + beyond * Self.slope(c, u)
    }
  }

  /// Evaluates the first derivatives of all functions but the first, in the layout of
  /// ``evaluate(_:count:into:stride:)``; beyond the breakpoints they are those at the ends.
  public func evaluateSlopes(
    _ values: UnsafePointer<Double>, count rows: Int, into output: UnsafeMutablePointer<Double>, stride: Int
  ) {
    evaluate(values, count: rows, into: output, stride: stride) { c, u, _ in Self.slope(c, u) }
  }

  /// The derivative of the polynomial c at u.
  private static func slope(_ c: UnsafePointer<Double>, _ u: Double) -> Double {
    (3 * c[3] * u + 2 * c[2]) * u + c[1]
  }

  /// Writes what the functions but the first give of each value, 0 outside their support.
  ///
  /// - Parameter function: of the coefficients of a polynomial, of u in its interval, and of how far the value lies beyond
  ///   the breakpoints.
  private func evaluate(
    _ values: UnsafePointer<Double>, count rows: Int, into output: UnsafeMutablePointer<Double>, stride: Int,
    _ function: (_ c: UnsafePointer<Double>, _ u: Double, _ beyond: Double) -> Double
  ) {
    for b in 0..<count - 1 { (output + b * stride).update(repeating: 0, count: rows) }
    let last = breakpoints.count - 2
    breakpoints.withUnsafeBufferPointer { breaks in
      coefficients.withUnsafeBufferPointer { coefficients in
        for row in 0..<rows {
          let inside = min(max(values[row], breaks[0]), breaks[last + 1])
          // Counted, not searched: a search branches on where a value falls, which the processor guesses wrong.
          var interval = 0
          for index in 1..<last + 1 { interval &+= inside >= breaks[index] ? 1 : 0 }
          let u = inside - breaks[interval]
          let beyond = values[row] - inside
          let own = coefficients.baseAddress! + interval * 16
          let target = output + (interval - 1) * stride + row
          if interval > 0 { target[0] = function(own, u, beyond) }
          for b in 1..<4 { target[b * stride] = function(own + b * 4, u, beyond) }
        }
      }
    }
  }
}
