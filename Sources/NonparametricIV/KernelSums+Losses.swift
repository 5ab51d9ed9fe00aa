import LinearAlgebra

extension KernelSums.Part {
  /// V = (Q'Q + μ)⁻¹ Q'P, which predicts P by V'Q, for every μ.
  var embeddings: RidgePath { get throws { try RidgePath(dual, cross) } }
}

extension RidgePath {
  /// The mean over rows of |P - V'Q|² on another part of the rows, for each penalty per row.
  func losses(_ part: KernelSums.Part, _ penalties: [Double], on other: KernelSums.Part) -> [Double] {
    errors(
      at: penalties.map { $0 * part.weight }, gram: other.dual, cross: other.cross, squares: other.structural.trace
    ).map { $0 / other.weight }
  }

  /// The mean squared error of y on another part of the rows, for each penalty per row of coefficients on P.
  func outcomeLosses(_ part: KernelSums.Part, _ penalties: [Double], on other: KernelSums.Part) -> [Double] {
    errors(
      at: penalties.map { $0 * part.weight }, gram: other.structural, cross: Matrix(column: other.structuralOutcome),
      squares: other.outcomeSquares
    ).map { $0 / other.weight }
  }
}
