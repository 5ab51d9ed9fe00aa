extension NetworkShape {
  /// Adds the gradient of a block's loss in the parameters to `gradient`, after a forward pass and with the gradient in
  /// the outputs filled in.
  ///
  /// - Parameters:
  ///   - gradient: `parameterCount` numbers.
  ///   - needsInputGradient: whether to compute the gradient in the inputs too.
  /// - Precondition: ``isRowwise``.
  public func backward(
    _ block: NetworkBlock, parameters: UnsafePointer<Double>, addingTo gradient: UnsafeMutablePointer<Double>,
    needsInputGradient: Bool = false
  ) {
    precondition(isRowwise, "batch normalisation and dropout need a NetworkPass")
    for stage in stages.reversed() {
      stage.differentiateActivation(block)
      stage.addGradient(of: block, to: gradient)
      guard stage.source > 0 || needsInputGradient else { return }
      stage.propagate(block, parameters: parameters, context: PassContext())
    }
  }
}

extension Stage {
  /// Turns the gradient in the outputs into that in the values before the activation.
  func differentiateActivation(_ block: NetworkBlock) {
    guard let activation = layer.activation.kernel else { return }
    kernel(block).differentiate(
      activation, outputs: block.value(target + 1), outputGradient: block.gradient(target + 1))
  }

  /// Adds a dense layer's gradient.
  func addGradient(of block: NetworkBlock, to gradient: UnsafeMutablePointer<Double>) {
    guard case .dense = layer else { return }
    kernel(block).addGradient(
      inputs: block.value(source), outputGradient: block.gradient(target + 1), to: gradient + parameters.lowerBound)
  }

  /// Computes the gradient in the inputs from that before the activation.
  func propagate(_ block: NetworkBlock, parameters: UnsafePointer<Double>, context: PassContext) {
    let own = parameters + self.parameters.lowerBound
    switch layer {
    case .dense:
      kernel(block).propagate(
        weights: own, outputGradient: block.gradient(target + 1), inputGradient: block.gradient(source + 1))
    case .batchNormalization:
      context.normalization.propagate(self, block, parameters: own)
    case .dropout:
      // The forward pass left its factors in the place of the gradient.
      let (factors, gradients) = (block.gradient(source + 1), block.gradient(target + 1))
      for output in 0..<outputs {
        let first = output * NetworkBlock.stride
        for i in first..<first + block.rowCount { factors[i] *= gradients[i] }
      }
    }
  }
}
