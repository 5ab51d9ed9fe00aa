import Communication
import LinearAlgebra
import Networks
import Testing

/// Gradients beside central differences of the loss, for every layer, activation and loss.
@Suite struct GradientTests {
  static let activations: [Activation] = [.identity, .tanh, .relu, .leakyRelu(slope: 0.2), .sigmoid, .elu]

  /// A problem of random rows on one process.
  struct Problem {
    let shape: NetworkShape
    let loss: Loss
    let rowCount = 140
    let targetCount: Int
    let pass: NetworkPass
    let random = CounterRandom(seed: 3, stream: .test)

    init(_ layers: [Layer], loss: Loss, targetCount: Int) {
      shape = NetworkShape(inputs: 3, layers: layers)
      self.loss = loss
      self.targetCount = targetCount
      pass = NetworkPass(shape, over: MinibatchBlocks(rowCount: rowCount, communicator: SoloCommunicator()))
      for index in pass.blocks.local {
        let rows = pass.blocks.rows(ofBlock: index)
        pass[index].rowIdentifiers = rows.map { $0 * 7 }
        for (i, row) in rows.enumerated() {
          for j in 0..<3 { pass[index].input[j * NetworkBlock.stride + i] = random.normal(row: row, draw: j) }
        }
      }
    }

    var start: [Double] { (0..<shape.parameterCount).map { 0.7 * random.normal(row: $0, draw: 9) } }

    func evaluate(_ parameters: [Double]) throws -> LossGradient {
      var network = Network(shape, parameters: parameters)
      try pass.forward(&network, mask: DropoutMask(seed: 5, step: 2))
      let losses = pass.blocks.local.map { index in
        let rows = pass.blocks.rows(ofBlock: index)
        let targets = (0..<targetCount).flatMap { j in rows.map { random.normal(row: $0, draw: 4 + j) } }
        return loss.evaluate(
          pass[index], outputCount: shape.outputCount, targets: targets, stride: rows.count,
          weights: rows.map { 0.5 + random.uniform(row: $0, draw: 8) })
      }
      return try pass.backward(network, losses: losses)
    }

    /// The largest difference of a gradient from the central difference, beside the gradient's own size.
    func error() throws -> Double {
      let gradient = try evaluate(start).gradient
      let size = gradient.reduce(0) { max($0, abs($1)) }
      return try (0..<shape.parameterCount).map { place in
        let width = 1e-5
        let values = try [width, -width].map { change in
          var parameters = start
          parameters[place] += change
          return try evaluate(parameters).loss
        }
        return abs((values[0] - values[1]) / (2 * width) - gradient[place]) / size
      }.max()!
    }
  }

  @Test(arguments: activations) func `Layers differentiate as central differences do`(activation: Activation) throws {
    // The rows on which a rectifier has its kink within the difference are few, and none here.
    let problem = Problem([.dense(4, activation), .dense(3, activation), .dense(2)], loss: .squared, targetCount: 2)
    #expect(try problem.error() < 1e-7)
  }

  @Test func `Normalisation and dropout differentiate as central differences do`() throws {
    let layers: [Layer] = [
      .batchNormalization(), .dense(5), .batchNormalization(.sigmoid), .dropout(0.3), .dense(4, .tanh), .dropout(0.2),
      .dense(2),
    ]
    #expect(try Problem(layers, loss: .squared, targetCount: 2).error() < 1e-7)
  }

  @Test func `Mixture densities differentiate as central differences do`() throws {
    let layers: [Layer] = [.dense(5, .tanh), .dense(6)]
    #expect(try Problem(layers, loss: .mixtureDensity(components: 2), targetCount: 1).error() < 1e-7)
  }

  /// log Σ p N far from every mean neither overflows nor vanishes.
  @Test func `The mixture density of an outlier is finite`() {
    let shape = NetworkShape(inputs: 1, layers: [.dense(6)])
    let block = NetworkBlock(shape)
    block.rowCount = 1
    // Logits, means and log deviations from the constants.
    let constants = [800.0, -800, 0, 1, -3, 2]
    shape.forward(block, parameters: constants.flatMap { [$0, 0] })
    let loss = Loss.mixtureDensity(components: 2).evaluate(block, outputCount: 6, targets: [50], stride: 1)
    // The second component, however improbable, is the nearer one: z = 49 / e², log p = -1600.
    let z = 49 * 0.1353352832366127
    #expect(abs(loss - (1600 + 0.9189385332046727 + 2 + z * z / 2)) < 1e-12 * loss)
    #expect((0..<6).allSatisfy { block.outputGradient[$0 * NetworkBlock.stride].isFinite })
  }
}
