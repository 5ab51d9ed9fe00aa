import Communication
import InstrumentalVariables
import LinearAlgebra

/// What the average slope may be if groups move the outcome by themselves a little (Conley, Hansen and Rossi 2012,
/// "Plausibly exogenous"): y = g + X + Σ_k (Z_k - π_k) γ_k'(1, x) + u, x standardised, instead of γ = 0.
///
/// Group k then moves the estimate by A_k'γ_k to first order, A = Σ_i v_i λ_i (Z_ik - π_k) (1, x_i) with the loadings λ of
/// ``RowInfluence``, for 2SLS (X̂'X̂)⁻¹ X̂'(Z - π)(1, x) itself.
public struct PlausibleExogeneity: Sendable, Codable, Equatable {
  /// How groups may move the outcome.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// By a constant each.
    case shift
    /// Along each standardised covariate.
    case shiftByX
  }

  /// What is known of γ.
  public enum Prior: String, Sendable, Codable, CaseIterable {
    /// |γ| ≤ δ s_y for each of its numbers: the union of the intervals, half as wide as q se + δ s_y Σ |A|.
    case bounded
    /// γ ~ N(0, δ² s_y²), local to zero: half as wide as q (se² + δ² s_y² Σ A²)^½.
    case normal
  }

  /// The 95% interval for shifts of δ standard deviations of y.
  public struct Interval: Sendable, Codable, Equatable {
    public let kind: Kind
    public let prior: Prior
    public let delta: Double
    public let lower: Double
    public let upper: Double
  }

  public static let largestDelta = 0.1
  public static let deltas = [0.01, 0.02, 0.05, largestDelta]

  public let intervals: [Interval]
  /// For each kind the δ from which on the bounded interval holds 0; 0 where the interval of the estimate does.
  public let breakdown: [Kind: Double]

  public var leastBreakdown: Double { breakdown.values.min() ?? 0 }

  public func interval(_ kind: Kind, _ prior: Prior, delta: Double) -> Interval? {
    intervals.first { $0.kind == kind && $0.prior == prior && $0.delta == delta }
  }
}

extension PlausibleExogeneity {
  /// One pass; nil where the slope has no standard error. Collective.
  ///
  /// - Parameters:
  ///   - slope: the weights of the average slope on the coefficients.
  ///   - answer: of the method that comes first.
  init?(
    _ design: EffectDesign, _ functions: OutcomeFunctions, _ regression: InstrumentalRegression, slope: [Double],
    _ answer: EffectAnswer
  ) throws {
    guard let error = answer.averageSlope.standardError, let upper = answer.averageSlope.upper else { return nil }
    let moved = try Self.moved(design, functions, regression, slope: slope, answer)
    let estimate = answer.averageSlope.estimate
    let (half, unit) = (upper - estimate, design.table.outcome.standardDeviation)
    var intervals: [Interval] = []
    var breakdown: [Kind: Double] = [:]
    for kind in Kind.allCases {
      let effects = moved[kind]!.map { unit * $0 }
      let (sum, squares) = effects.reduce((0, 0)) { ($0.0 + abs($1), $0.1 + $1 * $1) }
      for prior in Prior.allCases {
        for delta in Self.deltas {
          let width =
            switch prior {
            case .bounded: half + delta * sum
            // half is a quantile of standard errors.
            case .normal: half / error * (error * error + delta * delta * squares).squareRoot()
            }
          intervals.append(
            Interval(kind: kind, prior: prior, delta: delta, lower: estimate - width, upper: estimate + width))
        }
      }
      breakdown[kind] = max(0, abs(estimate) - half) / sum
    }
    self.intervals = intervals
    self.breakdown = breakdown
  }

  /// A, for one unit of y: of each group, and of each group and covariate.
  private static func moved(
    _ design: EffectDesign, _ functions: OutcomeFunctions, _ regression: InstrumentalRegression, slope: [Double],
    _ answer: EffectAnswer
  ) throws -> [Kind: [Double]] {
    let rows = design.rows([functions], design.instruments(functions))
    let influence = try RowInfluence(
      regression, answer.method.estimator, answer.covarianceKind, combination: slope)
    let (groupCount, m) = (design.groups.groupCount, design.table.covariates.count)
    let sums = try rows.rows.sum([Double](repeating: 0, count: groupCount * (1 + m))) { sums, chunk in
      let rowCount = design.table.rowCount(chunk)
      let stride = Kernel.paddedCount(rowCount)
      let buffer = AlignedBuffer(count: (2 * groupCount + 2 + m) * stride)
      let (weights, shares) = (buffer.pointer, buffer.pointer + groupCount * stride)
      let (influences, loadings) = (shares + groupCount * stride, shares + (groupCount + 1) * stride)
      let x = loadings + stride
      try design.groups.fill(chunk, into: weights, stride: stride)
      _ = try design.index.fillShares(of: design.groups, chunk, rowCount: rowCount, into: shares, stride: stride)
      try design.table.fillCovariates(chunk, inStandardDeviations: true, into: x, stride: stride)
      try rows.withChunk(chunk) { block in
        influence.fill(block, influences: influences, loadings: loadings)
        if let frequencies = block.frequencies { for row in 0..<rowCount { loadings[row] *= frequencies[row] } }
      }
      for k in 0..<groupCount {
        let (own, share) = (weights + k * stride, shares + k * stride)
        for row in 0..<rowCount {
          let shifted = loadings[row] * (own[row] - share[row])
          sums[k] += shifted
          for j in 0..<m { sums[groupCount + k * m + j] += shifted * x[j * stride + row] }
        }
      }
    }
    // In an order in which the names of groups play no part.
    let order = design.index.canonicalOrder
    return [
      .shift: order.map { sums[$0] },
      .shiftByX: order.flatMap { k in (0..<m).map { sums[groupCount + k * m + $0] } },
    ]
  }
}
