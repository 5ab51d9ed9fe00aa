import LinearAlgebra
import Regression
import Statistics

/// How well the instruments explain one endogenous column.
public struct FirstStageStatistics: Sendable, Equatable {
  public let name: String
  /// R² of the column on controls and instruments.
  public let rSquared: Double
  /// d'P d / d'd: what instruments explain of what controls leave.
  public let partialRSquared: Double
  /// (B_DD⁻¹)_jj / (A_DD⁻¹)_jj: the same for the part of the column that the others do not share (Shea 1997).
  public let sheaRSquared: Double
  /// (d'P d / L) / (RSS / (n - L - c)), for errors of one variance.
  public let f: FTest
  /// Wald's test of the L coefficients over L, with the covariance asked for; nil when it is singular, as with fewer
  /// clusters than instruments.
  public let robustF: FTest?
  /// d'P d over the trace of the robust variance of q'd (Montiel Olea and Pflueger 2013, "A robust test for weak
  /// instruments"). With several endogenous columns it is that of this column alone, an upper bound.
  public let effectiveF: Double
  /// What the effective F should exceed for a bias of at most a tenth of the worst one, at the level .05.
  public let effectiveFCritical: Double
  /// F of d_j - D_-j δ, δ by 2SLS, on the instruments, with L - q + 1 degrees of freedom (Sanderson and Windmeijer 2016,
  /// "A weak instrument F-test in linear IV models with multiple endogenous variables"); nil for one endogenous column.
  public let conditionalF: FTest?
  /// The same with the covariance asked for.
  public let robustConditionalF: FTest?
}

extension InstrumentalRegression {
  /// The share of the worst bias that the critical value of the effective F allows.
  static let effectiveBias = 0.1

  /// One entry for each endogenous column.
  ///
  /// - Parameter kind: the covariance of first-stage coefficients. All HC kinds stand for HC1, n / (n - L - c); clusters
  ///   have the factor G/(G-1) (n-1)/(n-L-c), and G - 1 degrees of freedom of the denominator.
  /// - Throws: ``Failure`` (data) that names an endogenous column which the instruments do not identify.
  public func firstStage(_ kind: InstrumentalCovariance = .hc1) throws -> [FirstStageStatistics] {
    let endogenous = Array(0..<endogenousCount)
    let projected = products.projected.selecting(rows: endogenous, columns: endogenous)
    let whole = partialled.selecting(rows: endogenous, columns: endogenous)
    let inverses = try Self.named(names) { (try Cholesky(whole).inverse, try Cholesky(projected).inverse) }
    return try endogenous.map { j in
      let unit = endogenous.map { $0 == j ? 1.0 : 0 }
      let own = strength(unit, degreesOfFreedom: instrumentCount, kind)
      let variance = firstStageVariance(unit, kind)
      let conditional = try endogenousCount > 1 ? conditionalStrength(j, kind) : nil
      return FirstStageStatistics(
        name: names.endogenous[j],
        rSquared: 1 - products.residual[j, j] / forms.basis.squares[j],
        partialRSquared: projected[j, j] / whole[j, j],
        sheaRSquared: inverses.0[j, j] / inverses.1[j, j],
        f: own.plain, robustF: own.robust,
        effectiveF: projected[j, j] / variance.diagonal.reduce(0, +),
        effectiveFCritical: try Self.effectiveCriticalValue(variance), conditionalF: conditional?.plain,
        robustConditionalF: conditional?.robust)
    }
  }

  /// F of D α on the instruments.
  private func strength(
    _ alpha: [Double], degreesOfFreedom: Int, _ kind: InstrumentalCovariance
  ) -> (plain: FTest, robust: FTest?) {
    let moment = endogenousMoments * alpha
    let numerator = Double(degreesOfFreedom)
    let plain = dot(moment, moment) / numerator / firstStageErrorVariance(alpha)
    let robust = (try? Cholesky(firstStageVariance(alpha, kind))).map { dot(moment, $0.solve(moment)) / numerator }
    return (
      FTest(statistic: plain, numerator: numerator, denominator: firstStageFreedom),
      robust.map { FTest(statistic: $0, numerator: numerator, denominator: denominator(kind)) }
    )
  }

  /// α'S α / (n - L - c).
  private func firstStageErrorVariance(_ alpha: [Double]) -> Double {
    Self.form(products.residual, alpha + [0]) / firstStageFreedom
  }

  private func conditionalStrength(_ j: Int, _ kind: InstrumentalCovariance) throws -> (plain: FTest, robust: FTest?) {
    let others = (0..<endogenousCount).filter { $0 != j }
    let slopes = try Self.named(names) {
      try Cholesky(products.projected.selecting(rows: others, columns: others))
        .solve(others.map { products.projected[$0, j] })
    }
    var alpha = Array(repeating: 0.0, count: endogenousCount)
    alpha[j] = 1
    for (other, slope) in zip(others, slopes) { alpha[other] = -slope }
    return strength(alpha, degreesOfFreedom: overidentification + 1, kind)
  }

  /// The variance of Σ v q e'α [L, L].
  ///
  /// - Parameter isSmall: whether small samples are allowed for.
  func firstStageVariance(_ alpha: [Double], _ kind: InstrumentalCovariance, isSmall: Bool = true) -> Matrix {
    let factor = isSmall ? 1 : firstStageFreedom / rowCount
    switch kind {
    case .unadjusted: return factor * firstStageErrorVariance(alpha) * .identity(instrumentCount)
    case .hc0, .hc1, .hc2, .hc3: return factor * rowCount / firstStageFreedom * sums.firstStage(alpha, alpha)
    case .clustered(let ways):
      return clustered(ways, parameters: isSmall ? instrumentCount + controlCount : nil) { $0.firstStage * alpha }
    }
  }

  private func denominator(_ kind: InstrumentalCovariance) -> Double {
    if case .clustered(let ways) = kind { Double(clusterCount(ways) - 1) } else { firstStageFreedom }
  }

  /// The quantile .95 of noncentral χ² with K degrees of freedom and noncentrality K / τ, over K,
  /// K = tr(V)² (1 + 2/τ) / (tr(V'V) + 2/τ tr(V) max eig(V)) (Montiel Olea and Pflueger 2013, section 3, simplified).
  static func effectiveCriticalValue(_ variance: Matrix) throws -> Double {
    let x = 1 / effectiveBias
    let trace = variance.diagonal.reduce(0, +)
    let largest = try SymmetricEigen(variance).values.last ?? 0
    let effective = trace * trace * (1 + 2 * x) / (dot(variance.values, variance.values) + 2 * x * trace * largest)
    return NoncentralChiSquare(degreesOfFreedom: effective, noncentrality: x * effective).quantile(survival: 0.05)
      / effective
  }
}
