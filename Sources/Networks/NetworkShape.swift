/// The architecture of a feed-forward network: what its parameters mean, without their values.
///
/// Parameters lie in one flat array, layer after layer, so that a gradient is an array too and adds over ranks. A dense
/// layer has the matrix [outputs, 1 + inputs] by rows, the constant first; batch normalisation has its scales, then its
/// shifts; dropout has none.
public struct NetworkShape: Sendable, Equatable {
  public let inputCount: Int
  public let layers: [Layer]
  let stages: [Stage]

  /// - Precondition: there are inputs and layers, dense layers have outputs, and dropout rates lie in [0, 1).
  public init(inputs: Int, layers: [Layer]) {
    precondition(inputs > 0 && !layers.isEmpty, "a network has inputs and layers")
    inputCount = inputs
    self.layers = layers
    var stages: [Stage] = []
    var width = inputs
    var column = 0
    for layer in layers {
      let last = stages.last
      var (outputs, parameterCount, normalizedCount, drawCount) = (width, 0, 0, 0)
      switch layer {
      case .dense(let count, _):
        precondition(count > 0, "a dense layer has outputs")
        (outputs, parameterCount) = (count, count * (1 + width))
      case .batchNormalization:
        (parameterCount, normalizedCount) = (2 * width, width)
      case .dropout(let rate):
        precondition(rate >= 0 && rate < 1, "a dropout rate lies in [0, 1)")
        drawCount = DropoutMask.drawCount(features: width)
      }
      stages.append(
        Stage(
          layer: layer, inputs: width, outputs: outputs,
          parameters: next(last?.parameters, parameterCount), normalized: next(last?.normalized, normalizedCount),
          draws: next(last?.draws, drawCount), source: column, target: column + 1 + width))
      column += 1 + width
      width = outputs
    }
    self.stages = stages
  }

  public var outputCount: Int { stages.last!.outputs }
  public var parameterCount: Int { stages.last!.parameters.upperBound }
  /// The parameters of the last layer.
  public var outputParameters: Range<Int> { stages.last!.parameters }
  /// The number of features that batch normalisations see.
  public var normalizedCount: Int { stages.last!.normalized.upperBound }
  /// The number of random blocks that dropout takes for a row and step.
  var drawCount: Int { stages.last!.draws.upperBound }
  /// The columns of a block: the inputs and the outputs of every layer, with a constant each.
  var columnCount: Int { stages.last!.target + 1 + outputCount }
}

/// The range of `count` places after another range.
private func next(_ range: Range<Int>?, _ count: Int) -> Range<Int> {
  let start = range?.upperBound ?? 0
  return start..<start + count
}

extension NetworkShape: Codable {
  private enum CodingKeys: String, CodingKey {
    case inputCount, layers
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      inputs: values.decode(Int.self, forKey: .inputCount), layers: values.decode([Layer].self, forKey: .layers))
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(inputCount, forKey: .inputCount)
    try values.encode(layers, forKey: .layers)
  }
}
