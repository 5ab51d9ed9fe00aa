import Communication
import LinearAlgebra
import Mixture

/// How far the effect of a joint mixture is from that of two-stage least squares on its labels.
///
/// Both come from the same rows, so their errors go together: the covariance of the difference is that of the stacked
/// estimators, Σ w² d d' with d a row's influence on the one less that on the other, A⁻¹ s - (φ'Pφ)⁻¹ φ'Z (Z'Z)⁻¹ z e.
/// The labels are taken for given.
package struct TwoStageDifference: Sendable {
  /// b of the mixture less that of two-stage least squares, on some columns.
  package let values: [Double]
  package let covariance: Matrix

  /// One pass over the rows. Collective.
  ///
  /// - Parameters:
  ///   - columns: of the design, those whose coefficients are compared.
  ///   - covariance: that of the mixture.
  /// - Throws: on all ranks the same ``Failure`` when a pass fails.
  package static func between(
    _ model: JointMixture, _ covariance: JointCovariance, and other: JointTwoStage, columns: [Int], on design: Design
  ) throws -> TwoStageDifference {
    let influences = RowInfluences(model: model, covariance: covariance, other: other, columns: columns)
    let count = PackedTriangle.count(order: columns.count + 1)
    let sums = try design.rows.sum(Array(repeating: 0.0, count: count)) { partial, chunk in
      try design.withBlock(ofChunk: chunk) { block, weights in influences.addSquares(of: block, weights, to: &partial) }
    }
    return TwoStageDifference(
      values: columns.map { model.outcomeCoefficients[$0] - other.coefficients[$0] },
      covariance: Matrix(packedTriangle: sums, order: columns.count + 1).withoutConstant)
  }
}

/// The influence of rows on the difference of two estimates of the same coefficients.
private struct RowInfluences: Sendable {
  let model: JointMixture
  let parameters: JointParameters
  /// Rows of A⁻¹: what the scores, which a constant precedes, are multiplied by.
  let scoreForms: [[Double]]
  /// By column compared, then by label.
  let instrumentForms: [[[Double]]]
  let residual: [Double]

  init(model: JointMixture, covariance: JointCovariance, other: JointTwoStage, columns: [Int]) {
    self.model = model
    parameters = covariance.parameters
    // b comes first among the parameters, in the order of the columns.
    scoreForms = columns.map { column in
      var unit = Array(repeating: 0.0, count: covariance.parameters.count)
      unit[column] = 1
      return [0] + covariance.information.solve(unit)
    }
    instrumentForms = columns.map { column in
      (0..<model.groupCount).map { other.influence(on: column, label: $0) }
    }
    residual = other.residual
  }

  /// Adds Σ w² (1, d)(1, d)' of one chunk to a packed triangle.
  func addSquares(of block: Kernel.Block, _ weights: UnsafePointer<Double>?, to sums: inout [Double]) {
    let scores = ScoreRows(block: block, weights: weights, model: model, parameters: parameters)
    scores.fillTotals()
    let stride = scores.stride
    let storage = AlignedBuffer(count: stride * (scoreForms.count + 2))
    let (error, moved) = (
      storage.pointer + stride * scoreForms.count, storage.pointer + stride * (scoreForms.count + 1)
    )
    withGroupWeights(model.groupCount, rowCount: block.rowCount) { isLabelled, labelStride in
      model.forms.hard.withKernelMixture(at: block) { mixture in
        _ = Kernel.responsibilities(of: block, under: mixture, into: isLabelled, stride: labelStride)
      }
      block.evaluate(residual, into: error)
      for (place, form) in scoreForms.enumerated() {
        let difference = storage.pointer + stride * place
        scores.evaluateTotals(form, into: difference)
        for (label, form) in instrumentForms[place].enumerated() {
          block.evaluate(form, into: moved)
          for row in 0..<block.rowCount {
            difference[row] -= isLabelled[label * labelStride + row] * moved[row] * error[row]
          }
        }
      }
    }
    let columns = scores.totals.prefix(1) + scoreForms.indices.map { UnsafePointer(storage.pointer + stride * $0) }
    sums.withUnsafeMutableBufferPointer { sums in
      columns.withUnsafeBufferPointer { columns in
        Kernel.addWeightedGram(
          of: Kernel.Block(columns: columns.baseAddress!, columnCount: columns.count, rowCount: block.rowCount),
          weights: scores.squaredWeights, groupCount: 1, stride: stride, to: sums.baseAddress!)
      }
    }
  }
}
