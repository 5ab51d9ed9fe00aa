import LinearAlgebra

/// Coefficients of φ turned into answers: all are linear in them.
struct EffectCombinations: Sendable {
  let functions: OutcomeFunctions
  let means: OutcomeMeans
  /// The treatment that effects are told against.
  let reference: Double
  let coefficients: [Double]
  let covariance: Matrix?
  let law: ReferenceLaw
  /// The covariates at which it is asked, as deviations from their means, with X(x); nil for the average over rows.
  var place: (deviations: [Double], level: Double)?
  /// The coefficients in the replicates of a bootstrap; empty without one.
  var replicates: [[Double]] = []

  func estimate(_ name: String, _ weights: [Double]) -> EffectEstimate {
    replicates.isEmpty
      ? EffectEstimate(name, weights, coefficients, covariance, law)
      : EffectEstimate(name, weights, coefficients, replicates: replicates)
  }

  private func values(at t: Double) -> [Double] { functions.values(at: t, place?.deviations) }

  /// E[y - φ'b] over the rows, or X(x).
  private var level: Double {
    place?.level ?? means.outcome - zip(means.functions, coefficients).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// E[∂g/∂t] over the rows: what one unit more of t does to y, on average.
  var averageSlope: EffectEstimate {
    estimate("average slope", place.map { functions.slopes(means.slopes, $0.deviations) } ?? means.slopes)
  }

  func contrast(_ contrast: Contrast) -> ContrastEstimate {
    let (from, to) = (values(at: contrast.from), values(at: contrast.to))
    return ContrastEstimate(contrast: contrast, effect: estimate("contrast", zip(to, from).map { $0 - $1 }))
  }

  /// The coefficients, one by one.
  var terms: [EffectEstimate] {
    functions.names.enumerated().map { j, name in
      estimate(name, functions.names.indices.map { $0 == j ? 1 : 0 })
    }
  }

  /// The curve at some treatments, with bands.
  ///
  /// The uniform band takes the 95% quantile of the largest of |L z| / error over the treatments, z standard normal and
  /// L L' the covariance of the coefficients, over draws of the counter-based generator (Montiel Olea and
  /// Plagborg-Møller 2019, "Simultaneous confidence bands").
  func curve(at treatments: [Double], seed: UInt64) throws -> [CurvePoint] {
    let (base, level) = (values(at: reference), level)
    let weights = treatments.map { t in zip(values(at: t), base).map { $0 - $1 } }
    let estimates = weights.map { estimate("", $0) }
    let critical = try covariance.map { try uniformQuantile(weights, $0, seed: seed) }
    return zip(zip(treatments, weights), estimates).map { point, estimate in
      let values = values(at: point.0)
      let half = critical.flatMap { critical in estimate.standardError.map { critical * $0 } }
      return CurvePoint(
        t: point.0, g: level + zip(values, coefficients).reduce(0) { $0 + $1.0 * $1.1 }, tau: estimate.estimate,
        standardError: estimate.standardError, lower: estimate.lower, upper: estimate.upper,
        uniformLower: half.map { estimate.estimate - $0 }, uniformUpper: half.map { estimate.estimate + $0 })
    }
  }

  private static let bandDraws = 2000

  private func uniformQuantile(_ weights: [[Double]], _ covariance: Matrix, seed: UInt64) throws -> Double {
    let eigen = try SymmetricEigen(covariance)
    let roots = eigen.values.map { max(0, $0).squareRoot() }
    // Each direction by its root: rows of weights' V^½, divided by the error of the point.
    let rows: [[Double]] = weights.compactMap { weights in
      let projected = zip(eigen.vectors.transposed * weights, roots).map { $0 * $1 }
      let error = projected.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return error > 0 ? projected.map { $0 / error } : nil
    }
    guard !rows.isEmpty else { return law.quantile }
    let random = CounterRandom(seed: seed, stream: .uniformBand)
    let largest = (0..<Self.bandDraws).map { draw in
      let z = roots.indices.map { random.normal(row: draw, draw: $0) }
      return rows.reduce(0) { max($0, abs(zip($1, z).reduce(0) { $0 + $1.0 * $1.1 })) }
    }
    return largest.sorted()[Int((0.95 * Double(Self.bandDraws)).rounded(.up)) - 1]
  }
}
