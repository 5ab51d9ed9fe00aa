import Communication
import Frames
import LinearAlgebra
import Networks

/// The loss of Eq. (4) on a minibatch with its gradient, and the memory of all steps of a round.
///
/// A row is fetched as x, t and its K weights.
final class RepresentationStep {
  let sampler: MinibatchSampler
  /// Values of a row.
  let width: Int
  /// Whether the ranks share the work of a step. A small step takes less time than a reduction may: one rank does the
  /// steps of a whole window and gives the outcome to the others. The bits are the same.
  let isShared: Bool
  /// Blocks from which on ranks share a step: about a millisecond of work on a network of this size.
  private static let sharedBlockCount = 32

  private let blocks: MinibatchBlocks
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
  private let rows: AlignedBuffer

  init(_ trainer: RepresentationTrainer, communicator: any Communicator, rowCount: Int) {
    encoder = trainer.encoder
    groupCount = trainer.groupCount
    covariateCount = trainer.covariateCount
    lambda = trainer.lambda
    scales = encoder.covariateScales + [trainer.settings.treatmentScale]
    (heads, decoder) = RepresentationTrainer.shapes(encoder, groupCount: groupCount, covariateCount: covariateCount)
    sampler = MinibatchSampler(
      rowCount: rowCount, batchSize: trainer.settings.batchSize, seed: trainer.settings.seed)
    let shared = MinibatchBlocks(rowCount: sampler.batchSize, communicator: communicator)
    isShared = shared.count >= Self.sharedBlockCount
    blocks = isShared ? shared : MinibatchBlocks(rowCount: sampler.batchSize, communicator: SoloCommunicator())
    width = covariateCount + 1 + groupCount
    encoderBlock = NetworkEncoderBlock(encoder)
    headBlock = NetworkBlock(heads)
    decoderBlock = NetworkBlock(decoder)
    rows = AlignedBuffer(count: width * NetworkBlock.stride)
  }

  /// Fetches the minibatches of some steps. Collective.
  func window(
    _ steps: Range<Int>, of table: Frame, weights: [Double], _ replacement: RowReplacement
  ) throws -> MinibatchWindow {
    let (m, groups, first) = (covariateCount, groupCount, table.rows.localRows.lowerBound)
    return try MinibatchWindow(steps: steps, sampler: sampler, from: table.rows, width: width) { chunk in
      let treatment = try replacement.treatment?[chunk] ?? table.treatment(chunk: chunk)
      let columns = try (0..<m).map { try table.pointer(covariate: $0, chunk: chunk) } + [treatment]
      let rowWeights = try replacement.weight?[chunk] ?? table.weight(chunk: chunk)
      let firstRow = table.rows.grid.rows(ofChunk: chunk).lowerBound
      return { row, values in
        let offset = row - firstRow
        for j in 0...m { values[j] = columns[j][offset] }
        let rowWeight = rowWeights?[offset] ?? 1
        for k in 0..<groups { values[m + 1 + k] = rowWeight * weights[(row - first) * groups + k] }
      }
    }
  }

  /// The mean loss over a step's minibatch and its gradient. Collective when ``isShared``.
  func lossGradient(of window: MinibatchWindow, step: Int, parameters: [Double]) throws -> LossGradient {
    try parameters.withUnsafeBufferPointer { parameters in
      let parameters = parameters.baseAddress!
      return try blocks.sum(LossGradient(parameterCount: parameterCount)) { partial, block in
        let places = blocks.rows(ofBlock: block)
        window.copy(0..<width, ofStep: step, places: places, to: rows.pointer, stride: NetworkBlock.stride)
        forward(rowCount: places.count, parameters: parameters)
        partial.loss = losses(rowCount: places.count)
        partial.withGradient { backward(parameters: parameters, addingTo: $0) }
      }
    }
  }

  private var parameterCount: Int { encoder.parameterCount + heads.parameterCount + decoder.parameterCount }

  private func forward(rowCount: Int, parameters: UnsafePointer<Double>) {
    headBlock.rowCount = rowCount
    decoderBlock.rowCount = rowCount
    let covariates = (0..<covariateCount).map { UnsafePointer(rows.pointer + $0 * NetworkBlock.stride) }
    encoderBlock.forward(
      covariates, rowCount: rowCount, parameters: parameters, into: headBlock.input, stride: NetworkBlock.stride)
    decoderBlock.input.update(from: headBlock.input, count: encoder.dimension * NetworkBlock.stride)
    heads.forward(headBlock, parameters: parameters + encoder.parameterCount)
    decoder.forward(decoderBlock, parameters: parameters + encoder.parameterCount + heads.parameterCount)
  }

  /// The loss of a block's rows, which are scaled for it; leaves its gradient in the outputs of heads and decoder.
  private func losses(rowCount: Int) -> Double {
    let stride = NetworkBlock.stride
    let scale = 1 / Double(blocks.rowCount)
    for (index, columnScale) in scales.enumerated() {
      let column = rows.pointer + index * stride
      for i in 0..<rowCount { column[i] /= columnScale }
    }
    let treatment = rows.pointer + covariateCount * stride
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
        decoderBlock, output: j, targets: rows.pointer + j * stride, weights: weights, scale: lambda * scale)
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
