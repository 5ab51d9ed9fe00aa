import LinearAlgebra

/// A network: its architecture, the values of its parameters, and the averages that batch normalisation uses.
public struct Network: Sendable, Codable, Equatable {
  public let shape: NetworkShape
  /// In the layout of ``NetworkShape``.
  public var parameters: [Double]
  /// Per feature of the batch normalisations, the running average of minibatch means, from 0.
  public internal(set) var runningMeans: [Double]
  /// The same of unbiased variances, from 1.
  public internal(set) var runningVariances: [Double]

  /// A network with given parameters, and no minibatch seen yet.
  ///
  /// - Precondition: `parameters.count == shape.parameterCount`.
  public init(_ shape: NetworkShape, parameters: [Double]) {
    precondition(parameters.count == shape.parameterCount, "a network has parameterCount parameters")
    self.shape = shape
    self.parameters = parameters
    runningMeans = Array(repeating: 0, count: shape.normalizedCount)
    runningVariances = Array(repeating: 1, count: shape.normalizedCount)
  }

  /// A network in training.
  ///
  /// - Parameter averages: ``averages`` of minibatches so far.
  /// - Precondition: `parameters.count == shape.parameterCount`, and two averages for each normalised feature.
  public init(_ shape: NetworkShape, parameters: [Double], averages: [Double]) {
    precondition(averages.count == 2 * shape.normalizedCount, "a network has two averages for each normalised feature")
    self.init(shape, parameters: parameters)
    runningMeans = Array(averages.prefix(shape.normalizedCount))
    runningVariances = Array(averages.suffix(shape.normalizedCount))
  }

  /// The running means, then the running variances: what training brings up to date beside the parameters.
  public var averages: [Double] { runningMeans + runningVariances }

  /// A network with random weights.
  ///
  /// - Parameter index: tells the networks of one seed apart.
  public init(_ shape: NetworkShape, start: WeightStart, seed: UInt64, index: Int = 0) {
    self.init(shape, parameters: start.parameters(of: shape, seed: seed, index: index))
  }

  /// Evaluates the network in use: running averages, nothing dropped.
  ///
  /// - Parameters:
  ///   - inputs: one pointer per input, to `rowCount` values.
  ///   - outputs: receives output j of row i at `outputs[j * stride + i]`.
  public func evaluate(
    _ inputs: [UnsafePointer<Double>], rowCount: Int, into outputs: UnsafeMutablePointer<Double>, stride: Int
  ) {
    precondition(inputs.count == shape.inputCount, "a network needs a column for each input")
    guard rowCount > 0 else { return }
    let block = NetworkBlock(shape)
    let blockCount = (rowCount + NetworkBlock.longest - 1) / NetworkBlock.longest
    for index in 0..<blockCount {
      let rows = rowCount * index / blockCount..<rowCount * (index + 1) / blockCount
      block.rowCount = rows.count
      block.fill(inputs, from: rows.lowerBound)
      forward(block)
      for j in 0..<shape.outputCount {
        (outputs + j * stride + rows.lowerBound).update(from: block.output + j * NetworkBlock.stride, count: rows.count)
      }
    }
  }

  /// Computes the outputs of a block from its inputs in use: running averages, nothing dropped.
  public func forward(_ block: NetworkBlock) {
    let context = PassContext(
      mask: nil, normalization: Normalization(means: runningMeans, variances: runningVariances))
    for stage in shape.stages { shape.forward(stage, block, parameters: parameters, context: context) }
  }
}

/// How the weights of dense layers are drawn, uniform in ±bound; scales of batch normalisation start at 1, shifts at 0.
public enum WeightStart: Sendable {
  /// bound = √(6 / inputs), for layers followed by a rectifier; constants 0 (He et al. 2015).
  case kaiming
  /// bound = √(6 / (inputs + outputs)), for tanh and sigmoid; constants 0 (Glorot and Bengio 2010).
  case xavier
  /// bound = 1 / √inputs for weights and constants: what PyTorch's `Linear` does.
  case reciprocalRoot

  func parameters(of shape: NetworkShape, seed: UInt64, index: Int) -> [Double] {
    let random = CounterRandom(seed: seed, stream: .networkStart)
    var parameters = [Double](repeating: 0, count: shape.parameterCount)
    for stage in shape.stages {
      switch stage.layer {
      case .dense:
        for place in stage.parameters {
          let isConstant = (place - stage.parameters.lowerBound).isMultiple(of: 1 + stage.inputs)
          parameters[place] = bound(stage, isConstant) * (2 * random.uniform(row: place, draw: index) - 1)
        }
      case .batchNormalization:
        for place in stage.parameters.prefix(stage.outputs) { parameters[place] = 1 }
      case .dropout: break
      }
    }
    return parameters
  }

  private func bound(_ stage: Stage, _ isConstant: Bool) -> Double {
    switch self {
    case .kaiming: isConstant ? 0 : (6 / Double(stage.inputs)).squareRoot()
    case .xavier: isConstant ? 0 : (6 / Double(stage.inputs + stage.outputs)).squareRoot()
    case .reciprocalRoot: 1 / Double(stage.inputs).squareRoot()
    }
  }
}
