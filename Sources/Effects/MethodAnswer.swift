import Diagnostics
import LinearAlgebra
import NonparametricIV
import Statistics
import Storage

/// The answers of one method among several that stand side by side.
public struct MethodAnswer: Sendable {
  public let method: EffectMethod
  /// Without errors for nonparametric methods, which have a bootstrap only.
  public private(set) var averageSlope: EffectEstimate
  public private(set) var contrasts: [ContrastEstimate]
  public private(set) var curve: [CurvePoint]
  /// What a nonparametric method found: g in the data's units.
  public let fit: NonparametricFit?
  /// Of its fit.
  public let seconds: Double?
  /// SHA-256 of what it found.
  public let digest: String?
  /// Of t being unconfounded, by the control function.
  public let exogeneity: ChiSquareTest?
  /// Root mean squared difference of the curve's effects from those of the default method, in standard deviations of y.
  public internal(set) var distance = 0.0
  /// The largest difference of the curve's effects in standard errors; nil where one of the two methods has none.
  public internal(set) var standardizedDistance: Double?

  init(_ method: EffectMethod, _ answer: EffectAnswer) {
    self.method = method
    (averageSlope, contrasts, curve) = (answer.averageSlope, answer.contrasts, answer.curve)
    (fit, seconds, digest, exogeneity) = (nil, nil, nil, nil)
  }

  /// One that is linear in coefficients of the functions of t.
  ///
  /// - Parameter covariance: of the coefficients; nil where none is known.
  init(
    _ method: EffectMethod, _ coefficients: [Double], _ request: EffectRequest, covariance: Matrix? = nil,
    fewClusters: Int? = nil, exogeneity: ChiSquareTest? = nil
  ) throws {
    let combinations = EffectCombinations(
      functions: request.functions, means: request.means, reference: request.reference, coefficients: coefficients,
      covariance: covariance, law: ReferenceLaw(fewClusters: fewClusters))
    self.method = method
    averageSlope = combinations.averageSlope
    contrasts = request.contrasts.map(combinations.contrast)
    curve = try combinations.curve(at: request.curve, seed: request.seed)
    self.exogeneity = exogeneity
    (fit, seconds, digest) = (nil, nil, nil)
  }

  /// One pass. Collective.
  init(
    _ method: EffectMethod, _ fit: NonparametricFit, _ rows: EffectStructuralRows, _ request: EffectRequest,
    seconds: Double
  ) throws {
    let (curve, contrasts) = (request.curve, request.contrasts)
    let means = try StructuralMeans(
      rows, fit.function, at: [request.reference] + curve + contrasts.flatMap { [$0.from, $0.to] },
      unit: rows.table.treatment.standardDeviation)
    let g = means.outcomes
    let ends = Array(g[(1 + curve.count)...])
    self.method = method
    averageSlope = EffectEstimate("average slope", means.averageSlope)
    self.contrasts = contrasts.enumerated().map { place, contrast in
      ContrastEstimate(
        contrast: contrast, effect: EffectEstimate("contrast", ends[2 * place + 1] - ends[2 * place]))
    }
    self.curve = zip(curve, g[1...]).map { t, value in CurvePoint(t: t, g: value, tau: value - g[0]) }
    self.fit = fit
    self.seconds = seconds
    exogeneity = nil
    var digest = SHA256Digest()
    digest.update(try jsonText(fit))
    self.digest = digest.finalize()
  }
}

// MARK: Bootstrap

extension MethodAnswer {
  /// The same with the standard deviations of replicates for errors, and their percentiles for intervals; as it is where
  /// fewer than two have values.
  ///
  /// The band that holds the curve as a whole takes the 95% quantile over replicates of the largest of |τ* - τ| / error.
  func taking(_ replicates: [MethodReplicate]) -> MethodAnswer {
    let values = replicates.compactMap(\.values)
    guard values.count > 1 else { return self }
    var copy = self
    copy.averageSlope = EffectEstimate(averageSlope.name, averageSlope.estimate, replicates: values.map(\.averageSlope))
    copy.contrasts = contrasts.enumerated().map { place, contrast in
      let effect = contrast.effect
      return ContrastEstimate(
        contrast: contrast.contrast,
        effect: EffectEstimate(effect.name, effect.estimate, replicates: values.map { $0.contrasts[place] }))
    }
    let points = curve.enumerated().map { place, point in
      EffectEstimate("tau", point.tau, replicates: values.map { $0.curve[place] })
    }
    let largest = values.map { replicate in
      zip(replicate.curve, points).compactMap { tau, point in
        point.standardError.flatMap { $0 > 0 ? abs(tau - point.estimate) / $0 : nil }
      }.max() ?? 0
    }.sorted()
    let critical = largest[Int((0.95 * Double(largest.count)).rounded(.up)) - 1]
    copy.curve = zip(curve, points).map { point, estimate in
      let half = critical * (estimate.standardError ?? .nan)
      return CurvePoint(
        t: point.t, g: point.g, tau: point.tau, standardError: estimate.standardError, lower: estimate.lower,
        upper: estimate.upper, uniformLower: point.tau - half, uniformUpper: point.tau + half)
    }
    return copy
  }
}

// MARK: Agreement

extension MethodAnswer {
  /// The root mean squared difference of a curve, in standard deviations of y, above which methods disagree.
  static let largestDistance = 0.1
  /// The difference at some treatment, in standard errors, above which they do.
  static let largestStandardizedDistance = 3.0

  public var disagrees: Bool {
    distance > Self.largestDistance || (standardizedDistance ?? 0) > Self.largestStandardizedDistance
  }

  /// Holds the curve's effects against those of another method.
  ///
  /// The error of the difference is taken as if the two were independent, which from the same rows it is at most.
  ///
  /// - Parameter unit: the standard deviation of y.
  mutating func compare(with other: MethodAnswer, unit: Double) {
    let differences = zip(curve, other.curve).map { $0.tau - $1.tau }
    distance = (differences.reduce(0) { $0 + $1 * $1 } / Double(max(1, differences.count))).squareRoot() / unit
    guard method != other.method, curve.allSatisfy({ $0.standardError != nil }) else { return }
    standardizedDistance = zip(differences, zip(curve, other.curve)).compactMap { difference, points in
      let errors = [points.0, points.1].compactMap(\.standardError)
      let error = errors.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return errors.count == 2 && error > 0 ? abs(difference) / error : nil
    }.max()
  }
}

extension [MethodAnswer] {
  /// What of their agreement a reader should know. Ordinary regression is there to differ where t is confounded.
  var findings: [Finding] {
    let apart = filter { $0.disagrees && $0.method != .ordinary }
    guard !apart.isEmpty else { return [] }
    return [
      Finding(
        .methodsDisagree,
        [
          .names: .names(apart.map(\.method.name)),
          .difference: .number(apart.map(\.distance).max() ?? 0),
        ])
    ]
  }
}
