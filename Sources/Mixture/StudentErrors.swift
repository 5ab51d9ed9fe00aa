import LinearAlgebra
import Statistics

/// Errors of a t law where others are normal, so that rows far from their group do not pull it (Lange, Little and Taylor
/// 1989; Peel and McLachlan 2000).
///
/// With q the square of a row's p standardised residuals from group k, the density falls as (1 + q/ν)^(-(ν + p)/2). It is
/// that of a normal law whose precision is a gamma variable of its own for each row; EM weighs rows by γ u, with the
/// expected precision u = (ν + p) / (ν + q).
public struct StudentErrors: Sendable, Codable, Equatable {
  /// ν.
  public var degreesOfFreedom: Double
  /// Whether ν is a parameter of the fit.
  public let isEstimated: Bool

  /// Where estimation begins.
  public static let initialDegrees = 5.0
  /// What an estimate lies between: the law of Cauchy, and one that is next to normal.
  public static let estimable = 1.0...200.0

  /// - Parameter degreesOfFreedom: nil to estimate them.
  /// - Precondition: positive.
  public init(degreesOfFreedom: Double? = nil) {
    precondition(degreesOfFreedom.map { $0 > 0 && $0.isFinite } ?? true, "degrees of freedom are positive")
    self.degreesOfFreedom = degreesOfFreedom ?? Self.initialDegrees
    isEstimated = degreesOfFreedom == nil
  }

  public var parameterCount: Int { isEstimated ? 1 : 0 }

  /// What the logarithm of the density at q = 0 is larger by than that of the normal law.
  func logFactor(dimension p: Int) -> Double {
    let (half, whole) = (degreesOfFreedom / 2, (degreesOfFreedom + Double(p)) / 2)
    return Elementary.logGamma(whole) - Elementary.logGamma(half) - 0.5 * Double(p) * Elementary.log(half)
  }

  /// The quantile of a standardised residual.
  ///
  /// - Precondition: 0 < p < 1.
  package func quantile(_ p: Double) -> Double { StudentT(degreesOfFreedom: degreesOfFreedom).quantile(p) }

  /// Adds q/2 - (ν + p)/2 log(1 + q/ν) of each row and group, what its log density is larger by than a normal one but for
  /// ``logFactor(dimension:)``, to `offsets[k * stride + row]`.
  ///
  /// - Parameter fillSquares: writes q of the rows in a group.
  func addOffsets(
    _ offsets: UnsafeMutablePointer<Double>, stride: Int, rowCount: Int, groupCount: Int, dimension p: Int,
    fillSquares: (_ squares: UnsafeMutablePointer<Double>, _ group: Int) -> Void
  ) {
    let exponent = 0.5 * (degreesOfFreedom + Double(p))
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * stride) { scratch in
      let (squares, logs) = (scratch.baseAddress!, scratch.baseAddress! + stride)
      for k in 0..<groupCount {
        fillSquares(squares, k)
        for row in 0..<rowCount { logs[row] = 1 + squares[row] / degreesOfFreedom }
        Kernel.logarithms(of: logs, count: rowCount)
        for row in 0..<rowCount { offsets[k * stride + row] += 0.5 * squares[row] - exponent * logs[row] }
      }
    }
  }

  /// u of q.
  func precision(square: Double, dimension p: Int) -> Double {
    (degreesOfFreedom + Double(p)) / (degreesOfFreedom + square)
  }

  /// The M step of ν: the zero of 1 + log(ν/2) - ψ(ν/2) + Σ γ (log u - u) / Σ γ + ψ((ν₀ + p)/2) - log((ν₀ + p)/2), with ν₀ that
  /// of the E step (Liu and Rubin 1995).
  package mutating func maximize(_ statistics: SufficientStatistics, dimension p: Int) {
    guard isEstimated else { return }
    let tail = (0..<statistics.groupCount).reduce(0) { $0 + statistics.tail($1) } / statistics.total
    let half = 0.5 * (degreesOfFreedom + Double(p))
    let constant = 1 + tail + Elementary.digamma(half) - Elementary.log(half)
    func slope(_ degrees: Double) -> Double {
      Elementary.log(degrees / 2) - Elementary.digamma(degrees / 2) + constant
    }
    var (low, high) = (Self.estimable.lowerBound, Self.estimable.upperBound)
    // The slope falls with ν.
    if slope(low) <= 0 { high = low }
    if slope(high) >= 0 { low = high }
    while high - low > 1e-12 * high {
      let middle = 0.5 * (low + high)
      if slope(middle) > 0 { low = middle } else { high = middle }
    }
    degreesOfFreedom = 0.5 * (low + high)
  }
}
