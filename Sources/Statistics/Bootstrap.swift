/// A confidence interval.
public struct ConfidenceInterval: Sendable, Codable, Equatable {
  public let lower: Double
  public let upper: Double

  public init(lower: Double, upper: Double) {
    self.lower = lower
    self.upper = upper
  }
}

/// What replicates of an estimate on resampled rows say about its uncertainty.
///
/// Sources: Efron and Tibshirani 1993, "An Introduction to the Bootstrap"; Davison and Hinkley 1997, chapter 5.
public struct Bootstrap: Sendable, Equatable {
  /// θ̂, on the rows themselves.
  public let estimate: Double
  /// θ* of every replicate, ascending.
  public let replicates: [Double]

  /// - Precondition: there is a replicate, and all are finite; what failed is left out by the caller, who counts it.
  public init(estimate: Double, replicates: [Double]) {
    precondition(!replicates.isEmpty && replicates.allSatisfy(\.isFinite), "replicates are finite, and there is one")
    self.estimate = estimate
    self.replicates = replicates.sorted()
  }

  /// The standard deviation of the replicates, with divisor B - 1.
  public var standardError: Double {
    let count = Double(replicates.count)
    let mean = replicates.reduce(0, +) / count
    return (replicates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)).squareRoot()
  }

  /// The quantiles of θ* at (1 ± level) / 2.
  public func percentile(level: Double) -> ConfidenceInterval {
    let tail = Self.tail(level)
    return ConfidenceInterval(lower: quantile(tail), upper: quantile(1 - tail))
  }

  /// The percentile interval reflected at the estimate: θ̂ - (θ* - θ̂).
  public func basic(level: Double) -> ConfidenceInterval {
    let interval = percentile(level: level)
    return ConfidenceInterval(lower: 2 * estimate - interval.upper, upper: 2 * estimate - interval.lower)
  }

  /// The bias-corrected and accelerated interval (Efron 1987): quantiles of θ* at Φ(z₀ + (z₀ + z) / (1 - a (z₀ + z))).
  ///
  /// z₀ is the normal quantile of the share of replicates below the estimate (ties count half), and
  /// a = Σ d³ / (6 (Σ d²)^{3/2}) with d_i the mean of the jackknife estimates less the i-th of them.
  ///
  /// - Parameter jackknife: The estimates without one row, or without one cluster, each.
  /// - Returns: nil when all replicates lie on one side of the estimate, which leaves z₀ infinite.
  public func biasCorrectedAccelerated(level: Double, jackknife: [Double]) -> ConfidenceInterval? {
    let below = replicates.reduce(0) { $0 + ($1 < estimate ? 1 : $1 == estimate ? 0.5 : 0) }
    let share = below / Double(replicates.count)
    guard share > 0, share < 1 else { return nil }
    let normal = StandardNormal()
    let (bias, acceleration) = (normal.quantile(share), Self.acceleration(jackknife))
    func quantile(at z: Double) -> Double {
      self.quantile(normal.cumulative(bias + (bias + z) / (1 - acceleration * (bias + z))))
    }
    let z = normal.quantile(survival: Self.tail(level))
    return ConfidenceInterval(lower: quantile(at: -z), upper: quantile(at: z))
  }

  /// θ̂ - t* se with t* the quantiles of the replicates' own (θ* - θ̂) / se*.
  ///
  /// - Parameter standardErrors: se* of the replicates, in the order in which `replicates` was given.
  /// - Precondition: as many standard errors as replicates, all positive.
  public static func studentized(
    level: Double, estimate: Double, standardError: Double, replicates: [Double], standardErrors: [Double]
  ) -> ConfidenceInterval {
    precondition(replicates.count == standardErrors.count && standardErrors.allSatisfy { $0 > 0 })
    let ratios = zip(replicates, standardErrors).map { ($0 - estimate) / $1 }
    let pivot = Bootstrap(estimate: 0, replicates: ratios).percentile(level: level)
    return ConfidenceInterval(
      lower: estimate - pivot.upper * standardError, upper: estimate - pivot.lower * standardError)
  }

  private static func tail(_ level: Double) -> Double {
    precondition(level > 0 && level < 1, "a confidence level lies between 0 and 1")
    return (1 - level) / 2
  }

  private static func acceleration(_ jackknife: [Double]) -> Double {
    let mean = jackknife.reduce(0, +) / Double(jackknife.count)
    var (squares, cubes) = (0.0, 0.0)
    for value in jackknife {
      let d = mean - value
      squares += d * d
      cubes += d * d * d
    }
    return squares > 0 ? cubes / (6 * squares * squares.squareRoot()) : 0
  }

  /// Between order statistics by linear interpolation at (B - 1) p, as numpy and R do.
  private func quantile(_ p: Double) -> Double {
    let position = Double(replicates.count - 1) * p
    let index = min(Int(position), max(replicates.count - 2, 0))
    let next = min(index + 1, replicates.count - 1)
    return replicates[index] + (replicates[next] - replicates[index]) * (position - Double(index))
  }
}
