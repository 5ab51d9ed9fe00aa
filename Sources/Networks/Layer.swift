/// One layer of a network, with the activation that follows it.
public enum Layer: Sendable, Codable, Equatable {
  /// φ(b + W a) with `outputs` outputs.
  case dense(_ outputs: Int, _ activation: Activation = .identity)
  /// φ(γ (a - mean) / √(variance + 1e-5) + β) per feature: mean and variance of the whole minibatch in training, running
  /// averages in use (Ioffe and Szegedy 2015).
  case batchNormalization(_ activation: Activation = .identity)
  /// In training each value is 0 with probability `rate`, else divided by 1 - rate; in use nothing happens.
  case dropout(_ rate: Double)

  var activation: Activation {
    switch self {
    case .dense(_, let activation), .batchNormalization(let activation): activation
    case .dropout: .identity
    }
  }
}

/// A layer with its place in the parameters of a network and in the memory of a block.
struct Stage: Sendable, Equatable {
  let layer: Layer
  let inputs: Int
  let outputs: Int
  /// Dense: outputs x (1 + inputs), each row the constant and then the weights. Batch normalisation: γ, then β.
  let parameters: Range<Int>
  /// The features of a batch normalisation among those of all of them.
  let normalized: Range<Int>
  /// The places of a dropout layer's draws among those of a row and step.
  let draws: Range<Int>
  /// The first of 1 + inputs columns of a block that the layer reads: a constant 1, then the inputs.
  let source: Int
  /// The first of 1 + outputs columns of a block that the layer writes.
  let target: Int
}
