import Communication

/// Training passes of one network over minibatches, with the sums over all their rows that batch normalisation needs.
///
/// ```swift
/// for block in pass.blocks.local { fill pass[block].input }
/// try pass.forward(&network, mask: DropoutMask(seed: 1, step: step))
/// for block in pass.blocks.local { fill pass[block].outputGradient, and set losses }
/// let total = try pass.backward(network, losses: losses)
/// ```
/// All ranks make the same calls: they sum over ranks.
public final class NetworkPass {
  public let blocks: MinibatchBlocks
  private let shape: NetworkShape
  private let local: [NetworkBlock]
  private var context = PassContext()

  public init(_ shape: NetworkShape, over blocks: MinibatchBlocks) {
    self.shape = shape
    self.blocks = blocks
    local = blocks.local.map { index in
      let block = NetworkBlock(shape)
      block.rowCount = blocks.rows(ofBlock: index).count
      return block
    }
    context.normalization = Normalization(featureCount: shape.normalizedCount)
  }

  /// The memory of a block of this rank.
  public subscript(block: Int) -> NetworkBlock { local[block - blocks.local.lowerBound] }

  /// Computes the outputs of all blocks and brings the running averages up to date. Collective.
  ///
  /// - Parameter mask: read when the network has dropout; the blocks then need row identifiers.
  public func forward(_ network: inout Network, mask: DropoutMask? = nil) throws {
    context.mask = mask
    for stage in shape.stages {
      if case .batchNormalization = stage.layer { try normalize(stage, &network) }
      for block in local { shape.forward(stage, block, parameters: network.parameters, context: context) }
    }
  }

  /// The loss and its gradient summed over all blocks, on all ranks. Collective.
  ///
  /// - Parameters:
  ///   - losses: the loss of each block of this rank.
  ///   - needsInputGradient: whether to compute the gradient in the blocks' inputs too.
  public func backward(
    _ network: Network, losses: [Double], needsInputGradient: Bool = false
  ) throws -> LossGradient {
    for stage in shape.stages.reversed() {
      for block in local { stage.differentiateActivation(block) }
      if case .batchNormalization = stage.layer { try sumGradients(stage) }
      guard stage.source > 0 || needsInputGradient else { continue }
      for block in local { stage.propagate(block, parameters: network.parameters, context: context) }
    }
    var total = try blocks.sum(LossGradient(parameterCount: shape.parameterCount)) { partial, index in
      partial.loss += losses[index - blocks.local.lowerBound]
      partial.withGradient { gradient in
        for stage in shape.stages { stage.addGradient(of: self[index], to: gradient) }
      }
    }
    for stage in shape.stages {
      // The sums of the normalisation are its gradients, already over all ranks.
      for (feature, index) in stage.normalized.enumerated() {
        let place = stage.parameters.lowerBound + feature
        let rowCount = Double(blocks.rowCount)
        total.setGradient(place, to: context.normalization.gradientProducts[index] * rowCount)
        total.setGradient(place + stage.outputs, to: context.normalization.gradientMeans[index] * rowCount)
      }
    }
    return total
  }

  /// The minibatch's mean and variance of the layer's inputs.
  private func normalize(_ stage: Stage, _ network: inout Network) throws {
    // About the running mean, so that little is lost to cancellation.
    let pivots = network.runningMeans[stage.normalized]
    let sums = try blocks.sum([Double](repeating: 0, count: 2 * stage.inputs)) { partial, index in
      Normalization.addMoments(stage, self[index], pivots: pivots, to: &partial)
    }
    let count = Double(blocks.rowCount)
    let momentum = Normalization.momentum
    for (feature, index) in stage.normalized.enumerated() {
      let shift = sums[feature] / count
      let variance = max(sums[stage.inputs + feature] / count - shift * shift, 0)
      context.normalization.means[index] = pivots[index] + shift
      context.normalization.reciprocals[index] = 1 / (variance + Normalization.epsilon).squareRoot()
      network.runningMeans[index] += momentum * shift
      let unbiased = variance * count / max(count - 1, 1)
      network.runningVariances[index] += momentum * (unbiased - network.runningVariances[index])
    }
  }

  private func sumGradients(_ stage: Stage) throws {
    let sums = try blocks.sum([Double](repeating: 0, count: 2 * stage.outputs)) { partial, index in
      context.normalization.addGradients(stage, self[index], to: &partial)
    }
    for (feature, index) in stage.normalized.enumerated() {
      context.normalization.gradientMeans[index] = sums[feature] / Double(blocks.rowCount)
      context.normalization.gradientProducts[index] = sums[stage.outputs + feature] / Double(blocks.rowCount)
    }
  }
}
