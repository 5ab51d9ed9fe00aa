import InstrumentalVariables
import LinearAlgebra

/// What is asked of every method alike.
struct EffectRequest: Sendable {
  let functions: OutcomeFunctions
  let means: OutcomeMeans
  let reference: Double
  let contrasts: [Contrast]
  let curve: [Double]
  let seed: UInt64
}

/// The answers of one method.
public struct EffectAnswer: Sendable, Codable, Equatable {
  public let method: EffectOptions.Method
  /// What the errors are allowed to be.
  public let covarianceKind: InstrumentalCovariance
  /// E[∂g/∂t] over the rows: what one unit more of t does to y, on average.
  public let averageSlope: EffectEstimate
  public let contrasts: [ContrastEstimate]
  /// The coefficients of φ, in its order.
  public let terms: [EffectEstimate]
  public let curve: [CurvePoint]
  /// Of the coefficients [q, q], row after row.
  public let covariance: [Double]
  /// The k of the k-class, or the a of HFUL.
  public let k: Double?
  /// The number of clusters where they are so few that Student's quantiles are taken; nil else.
  public let fewClusters: Int?

  init(
    _ method: EffectOptions.Method, _ request: EffectRequest, _ regression: InstrumentalRegression,
    _ kind: InstrumentalCovariance
  ) throws {
    let estimate = try regression.estimate(method.estimator, covariance: kind)
    let answers = EffectAnswers(
      functions: request.functions, means: request.means, reference: request.reference,
      coefficients: estimate.coefficients, covariance: estimate.covariance,
      law: estimate.degreesOfFreedom.map { .student(degreesOfFreedom: $0) } ?? .normal)
    self.method = method
    covarianceKind = kind
    averageSlope = answers.averageSlope
    contrasts = request.contrasts.map(answers.contrast)
    terms = answers.terms
    curve = try answers.curve(at: request.curve, seed: request.seed)
    covariance = estimate.covariance.values
    k = estimate.k
    fewClusters = estimate.degreesOfFreedom.map { Int($0) + 1 }
  }
}
