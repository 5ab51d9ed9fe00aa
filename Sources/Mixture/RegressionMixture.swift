import Diagnostics
import LinearAlgebra
import Regression

/// A mixture of linear regressions: t | r, k ~ N(β_k'(1, r), σ_k²), or with errors of a t law, with shares π_k.
///
/// Under the Unconfounded assumption Pr(R | Z) does not depend on Z and cancels from the posterior, so the groups need
/// no model of r: E: log γ_ik = log π_k - log σ_k - (t_i - β_k'(1, r_i))² / (2 σ_k²) + const.; M: weighted least squares
/// per group from its Gram matrix (DeSarbo and Cron 1988).
public struct RegressionMixture: MixtureModel, Equatable {
  public var mixingWeights: [Double]
  /// β_k, the constant first: K × (p + 1).
  public var coefficients: [[Double]]
  /// The standard deviation of t about the regression of each group, σ_k.
  public var standardDeviations: [Double]
  /// σ_k² never falls below this, so that no group closes in on a few rows.
  public let varianceFloor: Double
  /// The law of t about the regression of its group, in units of σ_k; nil for the normal one.
  public var errors: StudentErrors?

  public init(
    mixingWeights: [Double], coefficients: [[Double]], standardDeviations: [Double], varianceFloor: Double = 0,
    errors: StudentErrors? = nil
  ) {
    self.mixingWeights = mixingWeights
    self.coefficients = coefficients
    self.standardDeviations = standardDeviations
    self.varianceFloor = varianceFloor
    self.errors = errors
  }

  /// The regressions of groups that are known.
  ///
  /// - Throws: ``DegenerateGroup`` when the rows of a group do not determine its own.
  public init(groups statistics: SufficientStatistics) throws(DegenerateGroup) {
    let groups = statistics.groupCount
    self.init(
      mixingWeights: Array(repeating: 1 / Double(groups), count: groups),
      coefficients: Array(repeating: Array(repeating: 0, count: statistics.columnCount - 1), count: groups),
      standardDeviations: Array(repeating: 1, count: groups))
    _ = try maximize(statistics)
  }

  public var forms: MixtureForms {
    MixtureForms(
      shape: .dense(formCount: 1),
      coefficients: zip(coefficients, standardDeviations).flatMap { beta, sigma in
        beta.map { -$0 / sigma } + [1 / sigma]
      },
      logScale: zip(mixingWeights, standardDeviations).map {
        Elementary.log($0) - Elementary.log($1) - 0.5 * Elementary.log(2 * .pi)
      }, errors: errors)
  }

  /// There are K (p + 1) coefficients, K variances and K - 1 shares; and the degrees of freedom where they are estimated.
  public var parameterCount: Int { groupCount * (coefficients[0].count + 2) - 1 + (errors?.parameterCount ?? 0) }
  public var leadingParameters: [Double] { coefficients.map { $0.count > 1 ? $0[1] : $0[0] } }

  public func reordered(_ order: [Int]) -> RegressionMixture {
    RegressionMixture(
      mixingWeights: order.map { mixingWeights[$0] }, coefficients: order.map { coefficients[$0] },
      standardDeviations: order.map { standardDeviations[$0] }, varianceFloor: varianceFloor, errors: errors)
  }

  public mutating func maximize(_ statistics: SufficientStatistics) throws(DegenerateGroup) -> [Finding] {
    var findings: [Finding] = []
    let total = statistics.total
    for k in 0..<groupCount {
      let count = statistics.count(k)
      try DegenerateGroup.require(count, atLeast: coefficients[k].count + 1, .group(k))
      let products = NormalEquations(ofLastColumn: statistics.gram(k))
      let (factor, ridge) = try products.gram.factored(.group(k))
      if ridge > 0 { findings.append(.ridge(ridge, .collinearColumns)) }
      coefficients[k] = factor.solve(products.crossProduct)
      let variance = products.residualSquares(of: coefficients[k]) / count
      if variance < varianceFloor { findings.append(.note(.residualVarianceAtFloor)) }
      standardDeviations[k] = max(variance, varianceFloor).squareRoot()
      mixingWeights[k] = count / total
    }
    errors?.maximize(statistics, dimension: 1)
    return findings
  }
}
