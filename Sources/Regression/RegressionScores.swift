import LinearAlgebra

/// How the scores v x̂ u of a regression follow from the columns c of a row: what a pass over the rows needs of a fit.
public struct RegressionScores: Sendable, Equatable {
  /// T with x̂ = T c [p, columns].
  public let regressors: Matrix
  /// r with u = r'c [columns].
  public let residual: [Double]
  /// (Σ v x̂ x̂')⁻¹ [p, p], which gives the leverage h = v x̂'(Σ v x̂ x̂')⁻¹ x̂ of a row.
  public let leverage: Matrix

  /// The scores of some rows.
  ///
  /// - Parameters:
  ///   - columns: c of the rows [rows, columns].
  ///   - weights: v; 1 when nil.
  public func block(_ columns: Matrix, weights: [Double]? = nil) -> ScoreBlock {
    let fitted = columns * regressors.transposed
    let residuals = columns * residual
    let projected = fitted * leverage
    var scores = fitted
    var leverages = Array(repeating: 0.0, count: columns.rows)
    for i in 0..<columns.rows {
      let weight = weights?[i] ?? 1
      for j in 0..<fitted.columns {
        leverages[i] += weight * fitted[i, j] * projected[i, j]
        scores[i, j] *= weight * residuals[i]
      }
    }
    return ScoreBlock(scores: scores, leverages: leverages)
  }
}
