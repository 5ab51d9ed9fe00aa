import LinearAlgebra

/// A continuous distribution on the line.
///
/// Each tail is computed by itself, so that a probability as small as 1e-300 keeps its relative precision.
public protocol Distribution: Sendable {
  /// The density at x.
  func density(_ x: Double) -> Double
  /// Pr(X ≤ x).
  func cumulative(_ x: Double) -> Double
  /// Pr(X > x).
  func survival(_ x: Double) -> Double
  /// The x with Pr(X ≤ x) = p.
  ///
  /// - Precondition: 0 ≤ p ≤ 1.
  func quantile(_ p: Double) -> Double
  /// The x with Pr(X > x) = p: the critical value of a one-sided test at level p.
  ///
  /// - Precondition: 0 ≤ p ≤ 1.
  func quantile(survival p: Double) -> Double
}

/// A distribution on the positive half-line, whose quantiles are found by its tails alone.
protocol PositiveDistribution: Distribution {
  /// x times the density.
  func kernel(_ x: Double) -> Double
  /// (Pr(X ≤ x), Pr(X > x)).
  func tails(_ x: Double) -> (lower: Double, upper: Double)
}

extension PositiveDistribution {
  public func cumulative(_ x: Double) -> Double { x < 0 ? 0 : tails(x).lower }
  public func survival(_ x: Double) -> Double { x < 0 ? 1 : tails(x).upper }
  public func quantile(_ p: Double) -> Double { quantile(lower: p, upper: 1 - p) }
  public func quantile(survival p: Double) -> Double { quantile(lower: 1 - p, upper: p) }

  /// The x with these tails, which add up to 1; the smaller one is solved for.
  ///
  /// Newton's steps on the logarithm of the tail over log x, in which every tail here is nearly straight or concave,
  /// between two consecutive powers of two.
  func quantile(lower: Double, upper: Double) -> Double {
    precondition(lower >= 0 && upper >= 0, "a probability lies between 0 and 1")
    let isLower = lower <= upper
    let target = isLower ? lower : upper
    guard target > 0 else { return isLower ? 0 : .infinity }
    func isBelow(_ x: Double) -> Bool { isLower ? tails(x).lower < target : tails(x).upper > target }
    guard var (low, high) = powersOfTwo(around: isBelow) else {
      return isBelow(1) ? .infinity : 0
    }
    var x = low
    for _ in 0..<100 {
      let tail = isLower ? tails(x).lower : tails(x).upper
      if isBelow(x) { low = x } else { high = x }
      let step = Elementary.log(target / tail) * tail / kernel(x) * (isLower ? 1 : -1)
      var next = abs(step) < 0x1p-20 ? x + x * step : x * Elementary.exp(step)
      if !(low...high).contains(next) { next = low + (high - low) / 2 }
      if abs(next - x) <= 0x1p-52 * x { return next }
      x = next
    }
    return x
  }

  /// The consecutive powers of two with the quantile between them; nil when it is no normal number.
  private func powersOfTwo(around isBelow: (Double) -> Bool) -> (low: Double, high: Double)? {
    func power(_ exponent: Int) -> Double { Double(sign: .plus, exponent: exponent, significand: 1) }
    var (low, high) = (-1022, 1023)
    guard isBelow(power(low)), !isBelow(power(high)) else { return nil }
    while high - low > 1 {
      let middle = (low + high) / 2
      if isBelow(power(middle)) { low = middle } else { high = middle }
    }
    return (power(low), power(high))
  }
}

/// A distribution that is symmetric about 0 and whose square has a known distribution.
protocol SymmetricDistribution: Distribution {
  associatedtype Square: PositiveDistribution
  /// The distribution of X².
  var square: Square { get }
}

extension SymmetricDistribution {
  public func cumulative(_ x: Double) -> Double { survival(-x) }

  public func survival(_ x: Double) -> Double {
    let (lower, upper) = square.tails(x * x)
    return x > 0 ? upper / 2 : 0.5 + lower / 2
  }

  public func quantile(_ p: Double) -> Double { -quantile(survival: p) }

  public func quantile(survival p: Double) -> Double {
    precondition(p >= 0 && p <= 1, "a probability lies between 0 and 1")
    // 1 - 2p is exact where it is the smaller of the two.
    let tail = min(p, 1 - p)
    let root = square.quantile(lower: 1 - 2 * tail, upper: 2 * tail).squareRoot()
    return p < 0.5 ? root : -root
  }
}
