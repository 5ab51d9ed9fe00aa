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

  /// The same of y given (z, x), which a candidate g = w'P predicts by E[g | z, x] = w'V'Q.
  func reducedFormLosses(
    _ part: KernelSums.Part, _ penalties: [Double], on other: ReducedForm
  ) -> [Double] {
    errors(
      at: penalties.map { $0 * part.weight }, gram: other.gram, cross: Matrix(column: other.outcome),
      squares: other.outcomeSquares
    ).map { $0 / other.weight }
  }
}

/// The products of E[P | z, x] = V'Q and y over some rows.
struct ReducedForm: Sendable {
  let weight: Double
  /// V'Q'Q V.
  let gram: Matrix
  /// V'Q'y.
  let outcome: [Double]
  /// y'y.
  let outcomeSquares: Double

  /// - Parameter embedding: V [of Q, of P].
  init(_ part: KernelSums.Part, _ embedding: Matrix) {
    let turned = embedding.transposed
    weight = part.weight
    gram = turned * part.dual * embedding
    outcome = turned * part.dualOutcome
    outcomeSquares = part.outcomeSquares
  }

  /// w = (V'Q'Q V + μ)⁻¹ V'Q'y for every μ.
  var path: RidgePath { get throws { try RidgePath(gram, Matrix(column: outcome)) } }
}

extension [[Double]] {
  /// The mean of each place over some lists.
  var means: [Double] { self[0].indices.map { j in reduce(0) { $0 + $1[j] } / Double(count) } }
}
