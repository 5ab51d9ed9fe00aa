import LinearAlgebra

/// Poly2SLS: ridge regression of t on polynomials of (z, x), and of y on polynomials of the fitted t and x.
///
/// A plug-in method: powers of the fitted t stand for the fitted powers, although E[t|z,x]² is not E[t²|z,x]. That is
/// right for a g that is linear in t, and for a quadratic one while Var(t | z, x) is the same everywhere, which then only
/// moves the level.
public struct PolynomialTwoStage: StructuralRegression {
  private let folds: RowParts
  private let takesLeast: Bool

  /// - Parameter seed: of the folds.
  public init(isPaper: Bool = false, seed: UInt64) {
    takesLeast = isPaper
    folds = RowParts(count: PolynomialRidge.foldCount, seed: seed, stream: .structuralParts)
  }

  /// Two passes.
  public func fit(_ rows: some StructuralRows) throws -> StructuralFit<Polynomial> {
    let first = try PolynomialRidge(
      rows, folds: folds, takesLeast: takesLeast, variableCount: rows.instrumentCount + rows.covariateCount
    ) { chunk, body in body(chunk.instruments + chunk.covariates, chunk.treatment) }
    let second = try PolynomialRidge(
      rows, folds: folds, takesLeast: takesLeast, variableCount: 1 + rows.covariateCount
    ) { chunk, body in
      let fitted = AlignedBuffer(count: Kernel.paddedCount(chunk.rowCount))
      first.polynomial.evaluate(
        chunk.instruments + chunk.covariates, rowCount: chunk.rowCount, into: fitted.pointer)
      withExtendedLifetime(fitted) { body([UnsafePointer(fitted.pointer)] + chunk.covariates, chunk.outcome) }
    }
    return StructuralFit(function: second.polynomial, criterion: second.error)
  }
}
