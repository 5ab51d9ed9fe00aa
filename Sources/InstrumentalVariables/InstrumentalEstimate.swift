import LinearAlgebra
import Statistics

/// Coefficients of the endogenous columns with their covariance.
public struct InstrumentalEstimate: Sendable {
  public let estimator: InstrumentalEstimator
  public let covarianceKind: InstrumentalCovariance
  /// The endogenous columns.
  public let names: [String]
  /// b.
  public let coefficients: [Double]
  /// [q, q].
  public let covariance: Matrix
  /// c: the constant first, then the controls that stayed.
  public let controlCoefficients: [Double]
  /// k of the k-class, a of HFUL.
  public let k: Double?
  /// G - 1 when errors are clustered in fewer than ``fewClusters`` clusters: quantiles are then Student's.
  public let degreesOfFreedom: Double?

  /// Below this number of clusters normal quantiles are too short (Cameron and Miller 2015).
  public static let fewClusters = 20

  public var standardErrors: [Double] { covariance.diagonal.map { max($0, 0).squareRoot() } }

  /// b / se of each coefficient.
  public var statistics: [Double] { zip(coefficients, standardErrors).map { $0 / $1 } }

  /// Two-sided p-values of b = 0.
  public var pValues: [Double] { statistics.map { 2 * distribution.survival(abs($0)) } }

  /// Wald intervals.
  public func intervals(level: Double = 0.95) -> [ConfidenceInterval] {
    let quantile = distribution.quantile(survival: (1 - level) / 2)
    return zip(coefficients, standardErrors).map {
      ConfidenceInterval(lower: $0 - quantile * $1, upper: $0 + quantile * $1)
    }
  }

  /// l'b and its standard error.
  public func combination(_ weights: [Double]) -> (estimate: Double, standardError: Double) {
    let variance = dot(weights, covariance * weights)
    return (dot(weights, coefficients), max(variance, 0).squareRoot())
  }

  /// What statistics are compared with: normal, or Student's with few clusters.
  public var distribution: any Distribution {
    if let degreesOfFreedom { StudentT(degreesOfFreedom: degreesOfFreedom) } else { StandardNormal() }
  }
}
