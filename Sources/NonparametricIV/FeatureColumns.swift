/// Where the features of ``DFIV`` lie among the columns of a block, behind those of its rows.
package struct FeatureColumns: Sendable {
  /// 1, then φ.
  let instruments: Range<Int>
  /// ψ.
  let treatment: Range<Int>
  /// The conditional mean of ψ that the first stage gives.
  let fitted: Range<Int>
  /// ξ.
  let covariates: Range<Int>
  /// (1, ψ^) ⊗ (1, ξ).
  let products: Range<Int>
  /// y.
  let outcome: Int

  package init(_ method: DFIV, behind columns: NetworkColumns) {
    let (d, q) = (method.treatmentFeatures, method.covariateFeatures)
    func next(_ start: Int, _ count: Int) -> Range<Int> { start..<start + count }
    instruments = next(columns.count, 1 + method.instrumentFeatures)
    treatment = next(instruments.upperBound, d)
    fitted = next(treatment.upperBound, d)
    covariates = next(fitted.upperBound, q)
    products = next(covariates.upperBound, (1 + d) * (1 + q))
    outcome = products.upperBound
  }

  /// The columns of (1, ψ^) and of (1, ξ).
  var fittedFactors: [Int] { [instruments.lowerBound] + Array(fitted) }
  var covariateFactors: [Int] { [instruments.lowerBound] + Array(covariates) }

  var count: Int { outcome + 1 - instruments.lowerBound }
  /// What the first stage regresses, and on what: features, then targets.
  var firstStage: Range<Int> { instruments.lowerBound..<treatment.upperBound }
  var secondStage: Range<Int> { products.lowerBound..<outcome + 1 }
}
