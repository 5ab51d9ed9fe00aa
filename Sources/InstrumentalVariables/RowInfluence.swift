import LinearAlgebra
import Regression

/// What each row adds to an estimate of l'b to first order, ψ_i = v_i λ_i u_i, and the loading v_i λ_i that a direct
/// shift of its outcome has.
///
/// With the letters of ``InstrumentalEstimator`` and bread the inverse matrix of each: λ = l'bread x̂ for the k-class and
/// d for ordinary regression, l'H⁻¹ (Y - h X) for HFUL, the jackknife estimators' own x, and l'(M'W M)⁻¹ M'W q for GMM.
/// Σ ψ² is the HC0 variance of l'b, for HFUL without the part of its covariance that pairs of rows have and that one row
/// cannot carry, a share of the order of 1 / F.
public struct RowInfluence {
  /// A linear form of the columns of a row that ``RowTerms`` evaluates.
  struct Form {
    /// u over r.
    var residual: [Double]
    /// λ, over q, over r, over h r, and over the x of a jackknife estimator.
    var onInstruments: [Double]
    var onTargets: [Double]
    var leveraged: [Double]
    var jackknife: (index: Int, weights: [Double])?
  }

  private let terms: RowTerms
  private let standardization: Standardization
  private let form: Form

  /// Evaluates the rows of one chunk, in units of l'b, for l'b and for one unit of y.
  ///
  /// - Parameters:
  ///   - chunk: of the rows of the regression.
  ///   - influences: ψ_i; 0 for a row without weight.
  ///   - loadings: v_i λ_i.
  public func fill(
    _ chunk: InstrumentalChunk, influences: UnsafeMutablePointer<Double>, loadings: UnsafeMutablePointer<Double>
  ) {
    let unit = 1 / (standardization.scales.last ?? 1)
    for (place, block) in chunk.blocks.enumerated() {
      let start = place * InstrumentalChunk.blockLength
      terms.fill(
        form, of: block, standardization, influences: influences + start, loadings: loadings + start, unit: unit)
    }
  }
}

extension RowInfluence {
  /// - Parameters:
  ///   - combination: l, one number for each endogenous column.
  ///   - kind: of the estimate; it decides the weight of GMM.
  /// - Throws: as ``InstrumentalRegression/estimate(_:covariance:)``.
  public init(
    _ regression: InstrumentalRegression, _ estimator: InstrumentalEstimator, _ kind: InstrumentalCovariance,
    combination: [Double]
  ) throws {
    terms = RowTerms(regression.forms, regression.sums.layout)
    standardization = regression.standardization
    let weights = zip(combination, regression.slopeUnits).map { $0 * $1 }
    form = try regression.influenceForm(estimator, kind, weights)
  }
}

extension InstrumentalRegression {
  /// - Parameter weights: l in the units of the sums.
  fileprivate func influenceForm(
    _ estimator: InstrumentalEstimator, _ kind: InstrumentalCovariance, _ weights: [Double]
  ) throws -> RowInfluence.Form {
    let coefficients = try slopes(estimator, kind).coefficients
    let none = Array(repeating: 0.0, count: endogenousCount + 1)
    var form = RowInfluence.Form(
      residual: Self.residual(coefficients), onInstruments: Array(repeating: 0, count: instrumentCount),
      onTargets: none, leveraged: none)
    switch estimator {
    case .ordinary:
      form.onTargets = try Self.named(names) { try products.slopes(k: 0).bread } * weights + [0]
    case .kClass(let member):
      let bread = try Self.named(names) {
        try products.slopes(k: products.k(member, degreesOfFreedom: firstStageFreedom)).bread
      }
      form.onInstruments = endogenousMoments * (bread * weights)
    case .hful:
      let (_, bread, _, x) = try hfulParts()
      for (weight, row) in zip(bread * weights, x) { for a in row.indices { form.leveraged[a] -= weight * row[a] } }
      form.onInstruments = stage.orthonormal * form.leveraged.map(-)
    case .jive, .ujive:
      let index = estimator == .jive ? 0 : 1
      form.jackknife = (index, try jackknifeBread(index).transposed * weights)
    case .gmm:
      let (onInstruments, normal) = try weightedMoments(kind)
      form.onInstruments = onInstruments * normal.solve(weights)
    }
    return form
  }
}

extension RowTerms {
  fileprivate func fill(
    _ form: RowInfluence.Form, of block: InstrumentalChunk, _ standardization: Standardization,
    influences: UnsafeMutablePointer<Double>, loadings: UnsafeMutablePointer<Double>, unit: Double
  ) {
    let count = block.rowCount
    rows.fill(block, standardization, kept: forms.basis.kept)
    evaluate(Kernel.paddedCount(count))
    loadings.update(repeating: 0, count: count)
    influences.update(repeating: 0, count: count)
    func add(_ factor: Double, _ source: Int, to target: UnsafeMutablePointer<Double>) {
      let values = column(source)
      if factor != 0 { for row in 0..<count { target[row] += factor * values[row] } }
    }
    // The leverage of the instruments multiplies what is summed first.
    for (a, factor) in form.leveraged.enumerated() { add(factor, targets + a, to: loadings) }
    let leverage = column(leverages + 1)
    for row in 0..<count { loadings[row] *= leverage[row] }
    for (a, factor) in form.onTargets.enumerated() { add(factor, targets + a, to: loadings) }
    for (j, factor) in form.onInstruments.enumerated() { add(factor, instruments + j, to: loadings) }
    if let (index, weights) = form.jackknife {
      for (a, factor) in weights.enumerated() { add(factor, jackknife + index * layout.endogenous + a, to: loadings) }
    }
    for (a, factor) in form.residual.enumerated() { add(factor, targets + a, to: influences) }
    let weights = rows.weights.pointer
    for row in 0..<count {
      let loading = weights[row] * loadings[row]
      influences[row] *= loading
      loadings[row] = loading * unit
    }
  }
}
