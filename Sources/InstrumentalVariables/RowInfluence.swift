import LinearAlgebra

/// What each observation adds to an estimate of l'b to first order, ψ_i = v_i λ_i u_i, and the loading v_i λ_i that a
/// direct shift of its outcome has.
///
/// λ = l'x with the x of ``InfluenceForm``: l'bread x̂ for the k-class, l'H⁻¹ (Y - h X) for HFUL. Σ ψ² is the HC0 variance
/// of l'b, for HFUL without the part of its covariance that pairs of rows have and that one row cannot carry, a share of
/// the order of 1 / F.
public struct RowInfluence {
  private let terms: RowTerms
  private let standardization: Standardization
  private let form: InfluenceForm
  /// The unit of y.
  private let unit: Double

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
    unit = regression.scales[regression.endogenousCount]
    form = try InfluenceForm(estimator, kind, of: regression)
      .combined(zip(combination, regression.slopeUnits).map { $0 * $1 })
  }

  /// Evaluates the rows of one chunk, in units of l'b, for l'b and for one unit of y.
  ///
  /// - Parameters:
  ///   - chunk: of the rows of the regression.
  ///   - influences: ψ_i; 0 for a row without weight.
  ///   - loadings: v_i λ_i.
  public func fill(
    _ chunk: InstrumentalChunk, influences: UnsafeMutablePointer<Double>, loadings: UnsafeMutablePointer<Double>
  ) {
    for (place, block) in chunk.blocks.enumerated() {
      let start = place * InstrumentalChunk.blockLength
      terms.fillInfluence(
        of: block, standardization, [form], influences: influences + start, loadings: loadings + start, stride: 0)
    }
    for row in 0..<chunk.rowCount { loadings[row] /= unit }
  }
}
