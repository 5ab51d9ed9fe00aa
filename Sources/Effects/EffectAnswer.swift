import Diagnostics
import InstrumentalVariables
import LinearAlgebra

/// Two treatments: the effect of the second instead of the first is asked for.
public struct Contrast: Sendable, Codable, Equatable {
  public let from: Double
  public let to: Double

  public init(from: Double, to: Double) {
    self.from = from
    self.to = to
  }
}

/// The effect of one treatment instead of another, averaged over the rows.
public struct ContrastEstimate: Sendable, Codable, Equatable {
  public let contrast: Contrast
  public let effect: EffectEstimate
}

/// The outcome and the effect at one treatment, averaged over the rows.
public struct CurvePoint: Sendable, Codable, Equatable {
  public let t: Double
  /// E[Y | do(T = t)], averaged over the rows.
  public let g: Double
  /// The effect of t instead of the reference.
  public let tau: Double
  public let standardError: Double?
  /// The pointwise 95% interval of `tau`.
  public let lower: Double?
  public let upper: Double?
  /// The band that holds `tau` at all points of the curve at once with 95%.
  public let uniformLower: Double?
  public let uniformUpper: Double?
}

extension CurvePoint {
  /// One of a method that has no errors.
  init(t: Double, g: Double, tau: Double) {
    self.init(
      t: t, g: g, tau: tau, standardError: nil, lower: nil, upper: nil, uniformLower: nil, uniformUpper: nil)
  }
}

/// What is asked of every method alike.
struct EffectRequest: Sendable {
  let functions: OutcomeFunctions
  let means: OutcomeMeans
  let reference: Double
  let contrasts: [Contrast]
  let curve: [Double]
  let seed: UInt64

  /// One pass. Collective.
  init(_ design: EffectDesign, _ functions: OutcomeFunctions, _ options: EffectOptions) throws {
    let quantiles = design.quantiles
    self.functions = functions
    means = try OutcomeMeans(design.table, functions)
    reference =
      switch options.reference {
      case .treatment(let t): t
      case .zeroWithinReach where quantiles.contains(0): 0
      case .zeroWithinReach, .median: quantiles(0.5)
      }
    contrasts = options.contrasts.isEmpty ? quantiles.contrasts : options.contrasts
    curve = options.curve.isEmpty ? quantiles.curve : options.curve
    seed = options.seed
  }
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

  /// - Parameters:
  ///   - labelErrors: what the errors of the groups add to the covariance [q, q]; nil where they are given.
  ///   - replicates: b in those of a bootstrap, which errors are then taken from; empty without one.
  init(
    _ method: EffectOptions.Method, _ request: EffectRequest, _ regression: InstrumentalRegression,
    _ kind: InstrumentalCovariance, labelErrors: Matrix?, replicates: [[Double]]
  ) throws {
    let estimate: InstrumentalEstimate
    do { estimate = try regression.estimate(method.estimator, covariance: kind) } catch let error
      as CovarianceUnavailable
    {
      throw Failure(.usage, "--estimator \(method.rawValue): \(error)")
    }
    let whole =
      replicates.isEmpty
      ? labelErrors.map { estimate.covariance + $0 } ?? estimate.covariance : Matrix(covarianceOf: replicates)
    try self.init(
      method, request, kind, estimate.coefficients, whole, degreesOfFreedom: estimate.degreesOfFreedom, k: estimate.k,
      replicates: replicates)
  }

  private init(
    _ method: EffectOptions.Method, _ request: EffectRequest, _ kind: InstrumentalCovariance, _ coefficients: [Double],
    _ covariance: Matrix, degreesOfFreedom: Double?, k: Double?, replicates: [[Double]] = []
  ) throws {
    let combinations = EffectCombinations(
      functions: request.functions, means: request.means, reference: request.reference, coefficients: coefficients,
      covariance: covariance, law: ReferenceLaw(fewClusters: degreesOfFreedom.map { Int($0) + 1 }),
      replicates: replicates)
    self.method = method
    covarianceKind = kind
    averageSlope = combinations.averageSlope
    contrasts = request.contrasts.map(combinations.contrast)
    terms = combinations.terms
    curve = try combinations.curve(at: request.curve, seed: request.seed)
    self.covariance = covariance.values
    self.k = k
    fewClusters = degreesOfFreedom.map { Int($0) + 1 }
  }

  var covarianceMatrix: Matrix { Matrix(rows: terms.count, columns: terms.count, values: covariance) }
}

extension Matrix {
  /// The covariance of the columns of samples, with divisor B - 1.
  init(covarianceOf samples: [[Double]]) {
    let count = Double(samples.count)
    let sums = samples.dropFirst().reduce(samples[0]) { zip($0, $1).map { $0 + $1 } }
    let deviations = samples.map { zip($0, sums).map { $0 - $1 / count } }
    self = (1 / (count - 1)) * Matrix(deviations).gram
  }
}
