/// The means and deviations by which batch normalisations scale a pass, and their gradients' sums: one entry per
/// normalised feature, in the order of the layers.
struct Normalization: Sendable, Equatable {
  /// Added to variances.
  static let epsilon = 1e-5
  /// The weight of the newest minibatch in a running average.
  static let momentum = 0.1

  var means: [Double]
  /// 1 / √(variance + epsilon).
  var reciprocals: [Double]
  /// Means over the minibatch of the gradient in the layer's values before the activation, and of its product with
  /// the normalised inputs.
  var gradientMeans: [Double]
  var gradientProducts: [Double]

  init(featureCount: Int) {
    means = Array(repeating: 0, count: featureCount)
    reciprocals = Array(repeating: 1, count: featureCount)
    gradientMeans = means
    gradientProducts = means
  }

  /// The normalisation of a network in use.
  init(means: [Double], variances: [Double]) {
    self.init(featureCount: means.count)
    self.means = means
    reciprocals = variances.map { 1 / ($0 + Self.epsilon).squareRoot() }
  }

  /// γ (a - mean) reciprocal + β, before the activation.
  func apply(_ stage: Stage, _ block: NetworkBlock, parameters: UnsafePointer<Double>) {
    for feature in 0..<stage.outputs {
      let (values, result) = (block.value(stage.source + 1 + feature), block.value(stage.target + 1 + feature))
      let mean = means[stage.normalized.lowerBound + feature]
      let factor = parameters[feature] * reciprocals[stage.normalized.lowerBound + feature]
      let shift = parameters[stage.outputs + feature]
      for i in 0..<block.rowCount { result[i] = (values[i] - mean) * factor + shift }
    }
  }

  /// Adds a block's sums of (a - pivot) to `sums` 0 ..< c, of its squares to the next c.
  static func addMoments(_ stage: Stage, _ block: NetworkBlock, pivots: ArraySlice<Double>, to sums: inout [Double]) {
    for (feature, pivot) in pivots.enumerated() {
      let values = block.value(stage.source + 1 + feature)
      var (sum, squares) = (0.0, 0.0)
      for i in 0..<block.rowCount {
        let difference = values[i] - pivot
        sum += difference
        squares += difference * difference
      }
      sums[feature] += sum
      sums[stage.outputs + feature] += squares
    }
  }

  /// Adds a block's sums of the gradient to `sums` 0 ..< c, of its product with the normalised inputs to the next c.
  func addGradients(_ stage: Stage, _ block: NetworkBlock, to sums: inout [Double]) {
    for feature in 0..<stage.outputs {
      let (values, gradients) = (block.value(stage.source + 1 + feature), block.gradient(stage.target + 1 + feature))
      let mean = means[stage.normalized.lowerBound + feature]
      let reciprocal = reciprocals[stage.normalized.lowerBound + feature]
      var (sum, products) = (0.0, 0.0)
      for i in 0..<block.rowCount {
        sum += gradients[i]
        products += gradients[i] * (values[i] - mean) * reciprocal
      }
      sums[feature] += sum
      sums[stage.outputs + feature] += products
    }
  }

  /// The gradient in the inputs, through the minibatch's mean and variance too:
  /// γ reciprocal (g - mean g - normalised input · mean (g · normalised input)).
  func propagate(_ stage: Stage, _ block: NetworkBlock, parameters: UnsafePointer<Double>) {
    for feature in 0..<stage.outputs {
      let index = stage.normalized.lowerBound + feature
      let (values, gradients) = (block.value(stage.source + 1 + feature), block.gradient(stage.target + 1 + feature))
      let result = block.gradient(stage.source + 1 + feature)
      let factor = parameters[feature] * reciprocals[index]
      for i in 0..<block.rowCount {
        let normalized = (values[i] - means[index]) * reciprocals[index]
        result[i] = factor * (gradients[i] - gradientMeans[index] - normalized * gradientProducts[index])
      }
    }
  }
}
