import Communication
import Frames
import LinearAlgebra
import Networks

/// Eq. (4) of the paper, on the rows of a table with the weights of a round:
///
/// Σ_i Σ_k w_ik (α_k'(1, r_i) - t_i)² + λ Σ_i |f_X(r_i) - x_i|²
///
/// A row is fetched as x, t and its K weights.
final class RepresentationLoss: RowwiseProblem {
  private let table: Frame
  /// w_ik of this rank's rows, row after row.
  private let groupWeights: [Double]
  private let replacement: RowReplacement
  private let encoder: NetworkEncoder
  private let heads: NetworkShape
  private let decoder: NetworkShape
  private let lambda: Double
  private let groupCount: Int
  private let covariateCount: Int
  /// What x_1 … x_m and t are divided by in the loss.
  private let scales: [Double]
  private let encoderBlock: NetworkEncoderBlock
  private let headBlock: NetworkBlock
  private let decoderBlock: NetworkBlock
  /// The values of a block's rows, as columns.
  private let columns: AlignedBuffer

  init(_ trainer: RepresentationTrainer, on table: Frame, weights: [Double], replacement: RowReplacement) {
    self.table = table
    groupWeights = weights
    self.replacement = replacement
    encoder = trainer.encoder
    groupCount = trainer.groupCount
    covariateCount = trainer.covariateCount
    lambda = trainer.lambda
    scales = encoder.covariateScales + [trainer.settings.treatmentScale]
    (heads, decoder) = RepresentationTrainer.shapes(encoder, groupCount: groupCount, covariateCount: covariateCount)
    encoderBlock = NetworkEncoderBlock(encoder)
    headBlock = NetworkBlock(heads)
    decoderBlock = NetworkBlock(decoder)
    columns = AlignedBuffer(count: (covariateCount + 1 + groupCount) * NetworkBlock.stride)
  }

  var rows: DistributedRows { table.rows }
  var rowWidth: Int { covariateCount + 1 + groupCount }

  func rowCopy(chunk: Int) throws -> MinibatchWindow.RowCopy {
    let (m, groups, first) = (covariateCount, groupCount, table.rows.localRows.lowerBound)
    let firstOfChunk = table.rows.grid.rows(ofChunk: chunk).lowerBound
    let treatment = try replacement.treatment?[chunk] ?? table.treatment(chunk: chunk)
    let columns = try (0..<m).map { try table.pointer(covariate: $0, chunk: chunk) } + [treatment]
    let rowWeights = try replacement.weight?[chunk] ?? table.weight(chunk: chunk)
    return { [groupWeights] row, values in
      let offset = row - firstOfChunk
      for j in 0...m { values[j] = columns[j][offset] }
      let rowWeight = rowWeights?[offset] ?? 1
      for k in 0..<groups { values[m + 1 + k] = rowWeight * groupWeights[(row - first) * groups + k] }
    }
  }

  func addGradient(
    ofBlock block: Int, of minibatch: Minibatch, parameters: UnsafePointer<Double>,
    to gradient: UnsafeMutablePointer<Double>
  ) -> Double {
    let rowCount = minibatch.copy(0..<rowWidth, ofBlock: block, to: columns.pointer)
    forward(rowCount: rowCount, parameters: parameters)
    let loss = losses(rowCount: rowCount, scale: 1 / Double(minibatch.rowCount))
    backward(parameters: parameters, addingTo: gradient)
    return loss
  }

  private func forward(rowCount: Int, parameters: UnsafePointer<Double>) {
    headBlock.rowCount = rowCount
    decoderBlock.rowCount = rowCount
    let covariates = (0..<covariateCount).map { UnsafePointer(columns.pointer + $0 * NetworkBlock.stride) }
    encoderBlock.forward(
      covariates, rowCount: rowCount, parameters: parameters, into: headBlock.input, stride: NetworkBlock.stride)
    decoderBlock.input.update(from: headBlock.input, count: encoder.dimension * NetworkBlock.stride)
    heads.forward(headBlock, parameters: parameters + encoder.parameterCount)
    decoder.forward(decoderBlock, parameters: parameters + encoder.parameterCount + heads.parameterCount)
  }

  /// The loss of a block's rows, which are scaled for it; leaves its gradient in the outputs of heads and decoder.
  private func losses(rowCount: Int, scale: Double) -> Double {
    let stride = NetworkBlock.stride
    for (index, columnScale) in scales.enumerated() {
      let column = columns.pointer + index * stride
      for i in 0..<rowCount { column[i] /= columnScale }
    }
    let treatment = columns.pointer + covariateCount * stride
    let weights = treatment + stride
    var loss = 0.0
    for k in 0..<groupCount {
      loss += Loss.squared(
        headBlock, output: k, targets: treatment, weights: weights + k * stride, scale: scale)
    }
    // The weight of a row is the sum of its groups', left in the place of the first.
    for k in 1..<groupCount {
      for i in 0..<rowCount { weights[i] += weights[k * stride + i] }
    }
    for j in 0..<covariateCount {
      loss += Loss.squared(
        decoderBlock, output: j, targets: columns.pointer + j * stride, weights: weights, scale: lambda * scale)
    }
    return loss
  }

  private func backward(parameters: UnsafePointer<Double>, addingTo gradient: UnsafeMutablePointer<Double>) {
    let (first, second) = (encoder.parameterCount, encoder.parameterCount + heads.parameterCount)
    heads.backward(headBlock, parameters: parameters + first, addingTo: gradient + first, needsInputGradient: true)
    decoder.backward(
      decoderBlock, parameters: parameters + second, addingTo: gradient + second, needsInputGradient: true)
    encoderBlock.backward(
      (headBlock.inputGradient, decoderBlock.inputGradient), parameters: parameters, addingTo: gradient)
  }
}
