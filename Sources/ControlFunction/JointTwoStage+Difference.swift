import Communication
import LinearAlgebra
import Mixture
import Regression

/// How far the effect of a joint mixture is from that of two-stage least squares on its posteriors.
///
/// Both come from the same rows, so their errors go together, and the instruments move with the parameters θ of the
/// mixture: the covariance of the difference is that of the stacked estimators, Σ v d d' with d a row's influence on the
/// one less that on the other, or of their sums over clusters. With m(θ) = Σ w z e, s a row's score, A the information and F = (φ'Pφ)⁻¹ φ'Z W⁻¹,
///
///     d = A⁻¹ s - F (z e + ∂m/∂θ A⁻¹ s),   ∂m/∂θ from ∂γ_k/∂θ = γ_k (s_k - s)
///
/// (Newey and McFadden 1994, section 6).
package struct TwoStageDifference: Sendable {
  /// b of the mixture less that of two-stage least squares, on some columns.
  package let values: [Double]
  package let covariance: Matrix

  /// Two passes over the rows. Collective.
  ///
  /// - Parameters:
  ///   - columns: of the design, those whose coefficients are compared.
  ///   - covariance: that of the mixture.
  ///   - clusters: of rows whose errors may depend on each other; nil for independent ones.
  /// - Throws: on all ranks the same ``Failure`` when a pass fails.
  package static func between(
    _ model: JointMixture, _ covariance: JointCovariance, and other: JointTwoStage, columns: [Int], on design: Design,
    clusters: RowClusters? = nil
  ) throws -> TwoStageDifference {
    let parameters = covariance.parameters
    let influence = TwoStageInfluence(model: model, parameters: parameters, other: other, columns: columns)
    let slopes = try design.rows.sum(Array(repeating: 0.0, count: columns.count * parameters.count)) { sums, chunk in
      try design.withBlock(ofChunk: chunk) { block, weights in
        influence.addSlopes(of: block, RowWeights(values: weights, kind: design.table.weightKind), to: &sums)
      }
    }
    // Rows of (1 - F ∂m/∂θ) A⁻¹. b comes first among the parameters, in the order of the columns.
    let scoreForms = columns.enumerated().map { place, column in
      var direction = slopes[place * parameters.count..<(place + 1) * parameters.count].map(-)
      direction[column] += 1
      return covariance.information.solve(direction)
    }
    return TwoStageDifference(
      values: columns.map { model.outcomeCoefficients[$0] - other.coefficients[$0] },
      covariance: try influence.squares(scoreForms, on: design, clusters: clusters))
  }
}

/// The influence of rows on two-stage least squares, beside their scores.
private struct TwoStageInfluence: Sendable {
  let model: JointMixture
  let parameters: JointParameters
  /// F by column compared, then by group, as forms of the design's columns.
  let forms: [[[Double]]]
  let residual: [Double]

  init(model: JointMixture, parameters: JointParameters, other: JointTwoStage, columns: [Int]) {
    self.model = model
    self.parameters = parameters
    forms = columns.map { column in (0..<model.groupCount).map { other.influence(on: column, group: $0) } }
    residual = other.residual
  }

  /// Writes γ_k form_k·c e of each row, on one column and group.
  private func fill(
    _ target: UnsafeMutablePointer<Double>, column: Int, group: Int, _ scores: ScoreRows,
    error: UnsafePointer<Double>
  ) {
    scores.block.evaluate(forms[column][group], into: target)
    let posterior = scores.posterior(group)
    for row in 0..<scores.block.rowCount { target[row] *= posterior[row] * error[row] }
  }

  /// Adds F ∂m/∂θ of one chunk: for each column compared a sum for each parameter.
  func addSlopes(of block: Kernel.Block, _ weights: RowWeights, to sums: inout [Double]) {
    let scores = ScoreRows(block: block, weights: weights, model: model, parameters: parameters)
    let pulls = AlignedBuffer(count: parameters.groups * forms.count * scores.stride)
    let error = AlignedBuffer(count: scores.stride)
    block.evaluate(residual, into: error.pointer)
    for k in 0..<parameters.groups {
      for a in forms.indices {
        let pull = pulls.pointer + (k * forms.count + a) * scores.stride
        fill(pull, column: a, group: k, scores, error: error.pointer)
        for row in 0..<block.rowCount { pull[row] *= scores.rowWeights[row] }
      }
    }
    scores.addDerivatives(of: forms.count, pulls: pulls, sharePulls: nil, to: &sums)
  }

  /// Σ v d d', or Σ_g D_g D_g' over clusters. Collective.
  func squares(_ scoreForms: [[Double]], on design: Design, clusters: RowClusters?) throws -> Matrix {
    func withDifferences(
      of chunk: DesignChunk, _ body: (ScoreRows, [UnsafePointer<Double>]) throws -> Void
    ) throws {
      try design.withBlock(ofChunk: chunk) { block, weights in
        try self.withDifferences(
          of: block, RowWeights(values: weights, kind: design.table.weightKind), scoreForms: scoreForms, body)
      }
    }
    if let clusters {
      return try design.rows.sum(clusters.meat(width: scoreForms.count)) { meat, chunk in
        try withDifferences(of: chunk) { scores, differences in
          try clusters.add(
            differences, weights: scores.rowWeights, rowCount: chunk.rows.count, of: design, chunk: chunk, to: &meat)
        }
      }.matrix
    }
    let order = scoreForms.count
    let sums = try design.rows.sum(Array(repeating: 0.0, count: PackedTriangle.count(order: order))) { sums, chunk in
      try withDifferences(of: chunk) { scores, differences in
        let columns = differences.map(Optional.some)
        sums.withUnsafeMutableBufferPointer { sums in
          columns.withUnsafeBufferPointer { columns in
            Kernel.addWeightedGram(
              of: Kernel.Block(
                columns: columns.baseAddress!, columnCount: columns.count, rowCount: chunk.rows.count),
              weights: scores.meatWeights, groupCount: 1, stride: scores.stride, to: sums.baseAddress!)
          }
        }
      }
    }
    return Matrix(packedTriangle: sums, order: order)
  }

  /// Gives `body` the columns d of one chunk.
  private func withDifferences(
    of block: Kernel.Block, _ weights: RowWeights, scoreForms: [[Double]],
    _ body: (ScoreRows, [UnsafePointer<Double>]) throws -> Void
  ) throws {
    let scores = ScoreRows(block: block, weights: weights, model: model, parameters: parameters)
    let stride = scores.stride
    let storage = AlignedBuffer(count: stride * (forms.count + 2))
    let pull = storage.pointer + stride * forms.count
    let error = pull + stride
    block.evaluate(residual, into: error)
    for (a, form) in scoreForms.enumerated() {
      let difference = storage.pointer + stride * a
      scores.evaluate(form, into: difference)
      for k in 0..<parameters.groups {
        fill(pull, column: a, group: k, scores, error: error)
        for row in 0..<block.rowCount { difference[row] -= pull[row] }
      }
    }
    try withExtendedLifetime(storage) {
      try body(scores, scoreForms.indices.map { UnsafePointer(storage.pointer + stride * $0) })
    }
  }
}
