import LinearAlgebra

/// The linear forms of a row that the third pass evaluates, all known from the second.
struct RowForms: Sendable {
  let basis: Orthonormalization
  /// (Π)': what the instruments explain of D [q, L].
  let firstStage: Matrix
  /// x̂ = P D made orthonormal, over the instruments [q, L].
  let fitted: Matrix
  /// d, over the partialled D [q, q].
  let own: Matrix
  /// u of ordinary regression, over r.
  let ordinary: [Double]
  /// u of the regression on (W, D, e), over (r, e).
  let endogeneity: [Double]

  /// - Throws: ``NotPositiveDefinite`` that names an endogenous column, by its place in D, which the instruments do not
  ///   identify.
  init(_ basis: Orthonormalization) throws(NotPositiveDefinite) {
    self.basis = basis
    let (q, last) = (basis.endogenousCount, basis.endogenousCount)
    let endogenous = Array(0..<q)
    let reduced = basis.reducedForm.selecting(rows: Array(0..<basis.instrumentCount), columns: endogenous)
    firstStage = reduced.transposed
    let block = try Cholesky(basis.partialled.selecting(rows: endogenous, columns: endogenous))
    own = block.inverseLower
    let slopes = block.solve(endogenous.map { basis.partialled[$0, last] })
    ordinary = slopes.map(-) + [1]
    guard basis.instrumentCount > 0 else {
      fitted = firstStage
      endogeneity = Array(repeating: 0, count: 2 * q + 1)
      return
    }
    let projected = try Cholesky(reduced.gram)
    fitted = projected.inverseLower * firstStage
    // On (W, D, e) the coefficients of D are those of two-stage least squares, and b + g those of y on the residuals e.
    let response = (0..<basis.instrumentCount).map { basis.reducedForm[$0, last] }
    let twoStage = projected.solve(firstStage * response)
    let rest = basis.partialled - basis.reducedForm.gram
    let unexplained = try Cholesky(rest.selecting(rows: endogenous, columns: endogenous))
    let onResiduals = unexplained.solve(endogenous.map { rest[$0, last] })
    endogeneity = twoStage.map(-) + [1] + zip(onResiduals, twoStage).map { -($0 - $1) }
  }
}
