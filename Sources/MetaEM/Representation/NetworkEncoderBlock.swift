import Networks

/// The working memory of an encoder on a block of rows; it belongs to one thread at a time.
final class NetworkEncoderBlock {
  private let encoder: NetworkEncoder
  private let blocks: [NetworkBlock]

  init(_ encoder: NetworkEncoder) {
    self.encoder = encoder
    blocks = encoder.parts.map { NetworkBlock($0.shape) }
  }

  /// Writes feature j of row i to `features[j * stride + i]`.
  func forward(
    _ covariates: [UnsafePointer<Double>], rowCount: Int, parameters: UnsafePointer<Double>,
    into features: UnsafeMutablePointer<Double>, stride: Int
  ) {
    encoder.skip?.transform(covariates, rowCount: rowCount, into: features, stride: stride)
    var (first, feature) = (0, 0)
    for (part, block) in zip(encoder.parts, blocks) {
      block.rowCount = rowCount
      part.inputs.fill(block, from: covariates, scales: encoder.covariateScales, count: part.shape.inputCount)
      part.shape.forward(block, parameters: parameters + first)
      for output in 0..<part.shape.outputCount {
        let (source, target) = (block.output + output * NetworkBlock.stride, features + feature * stride)
        if encoder.skip == nil {
          target.update(from: source, count: rowCount)
        } else {
          for i in 0..<rowCount { target[i] += source[i] }
        }
        feature += 1
      }
      first += part.shape.parameterCount
    }
  }

  /// Adds the gradient in the parameters, after a forward pass, given that in the features: of feature j and row i the
  /// sum of both `gradients` at [j * NetworkBlock.stride + i].
  func backward(
    _ gradients: (UnsafePointer<Double>, UnsafePointer<Double>), parameters: UnsafePointer<Double>,
    addingTo sums: UnsafeMutablePointer<Double>
  ) {
    var (first, offset) = (0, 0)
    for (part, block) in zip(encoder.parts, blocks) {
      for output in 0..<part.shape.outputCount {
        let target = block.outputGradient + output * NetworkBlock.stride
        for i in 0..<block.rowCount { target[i] = gradients.0[offset + i] + gradients.1[offset + i] }
        offset += NetworkBlock.stride
      }
      part.shape.backward(block, parameters: parameters + first, addingTo: sums + first)
      first += part.shape.parameterCount
    }
  }
}

extension NetworkEncoder.Skip {
  fileprivate func transform(
    _ covariates: [UnsafePointer<Double>], rowCount: Int, into target: UnsafeMutablePointer<Double>, stride: Int
  ) {
    features.transform(covariates, rowCount: rowCount, into: target, stride: stride)
    for j in centers.indices {
      for i in 0..<rowCount { target[j * stride + i] = (target[j * stride + i] - centers[j]) / scales[j] }
    }
  }
}

extension NetworkEncoder.Part.Inputs {
  fileprivate func fill(
    _ block: NetworkBlock, from covariates: [UnsafePointer<Double>], scales: [Double], count: Int
  ) {
    func copy(_ covariate: Int, to target: UnsafeMutablePointer<Double>) {
      let (source, scale) = (covariates[covariate], scales[covariate])
      for i in 0..<block.rowCount { target[i] = source[i] / scale }
    }
    switch self {
    case .covariates:
      for j in covariates.indices { copy(j, to: block.input + j * NetworkBlock.stride) }
    case .powers(let covariate):
      // E[x^(2e)] of a standard normal is 1 · 3 · … · (2e - 1), so power e follows from the one before by x / √(2e - 1).
      let x = block.input
      copy(covariate, to: x)
      for power in 1..<count {
        let target = x + power * NetworkBlock.stride
        let lower = target - NetworkBlock.stride
        let factor = 1 / Double(2 * power + 1).squareRoot()
        for i in 0..<block.rowCount { target[i] = lower[i] * x[i] * factor }
      }
    }
  }
}
