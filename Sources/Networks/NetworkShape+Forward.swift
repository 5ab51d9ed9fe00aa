import LinearAlgebra

/// What a pass takes beside the parameters: how to normalise, and what to drop.
struct PassContext {
  /// Nil outside training: dropout then does nothing.
  var mask: DropoutMask?
  var normalization = Normalization(featureCount: 0)
}

extension NetworkShape {
  /// Whether training sees one row at a time: no mean over the minibatch, nothing dropped.
  public var isRowwise: Bool { normalizedCount == 0 && drawCount == 0 }

  /// Computes the outputs of a block from its inputs, for a network without batch normalisation and dropout.
  ///
  /// - Precondition: ``isRowwise``; those other networks train by ``NetworkPass``.
  public func forward(_ block: NetworkBlock, parameters: UnsafePointer<Double>) {
    precondition(isRowwise, "batch normalisation and dropout need a NetworkPass")
    for stage in stages { forward(stage, block, parameters: parameters, context: PassContext()) }
  }

  func forward(_ stage: Stage, _ block: NetworkBlock, parameters: UnsafePointer<Double>, context: PassContext) {
    let own = parameters + stage.parameters.lowerBound
    switch stage.layer {
    case .dense:
      stage.kernel(block).forward(
        weights: own, inputs: block.value(stage.source), outputs: block.value(stage.target + 1))
    case .batchNormalization:
      context.normalization.apply(stage, block, parameters: own)
    case .dropout(let rate):
      stage.drop(block, rate: rate, mask: context.mask, drawCount: drawCount)
    }
    if let activation = stage.layer.activation.kernel {
      stage.kernel(block).activate(activation, outputs: block.value(stage.target + 1))
    }
  }
}

extension Stage {
  /// The loops over a block.
  func kernel(_ block: NetworkBlock) -> Kernel.Layer {
    Kernel.Layer(inputs: inputs, outputs: outputs, rowCount: block.rowCount, stride: NetworkBlock.stride)
  }

  fileprivate func drop(_ block: NetworkBlock, rate: Double, mask: DropoutMask?, drawCount: Int) {
    let (values, result) = (block.value(source + 1), block.value(target + 1))
    guard let mask else {
      return result.update(from: values, count: outputs * NetworkBlock.stride)
    }
    // The factors stay in the gradient's place, where the backward pass finds the inputs' gradient.
    let factors = block.gradient(source + 1)
    mask.fill(
      factors, stride: NetworkBlock.stride, features: outputs, rows: block.rowIdentifiers.prefix(block.rowCount),
      rate: rate, draws: draws, of: drawCount)
    for output in 0..<outputs {
      let first = output * NetworkBlock.stride
      for i in first..<first + block.rowCount { result[i] = values[i] * factors[i] }
    }
  }
}
