import Communication
import Networks

/// What a training step of a fixture gave, for the rows of this rank's blocks where it is by row.
struct TrainingRecord: Equatable {
  var loss: Double
  var gradient: [Double]
  var parameters: [Double]
  var network: Network
  /// By global place; only those of this rank.
  var outputs: [Int: [Double]] = [:]
  var inputGradients: [Int: [Double]] = [:]
}

extension NetworkFixture {
  /// The optimiser at its start.
  var adam: Adam {
    Adam(
      parameterCount: shape.parameterCount, learningRate: optimizer[0], beta1: optimizer[1], beta2: optimizer[2],
      epsilon: optimizer[3], weightDecay: optimizer[4], isOptimistic: isOptimistic)
  }

  /// Trains as PyTorch did, on the ranks of `communicator`.
  func train(loss: Loss, on communicator: any Communicator) throws -> [TrainingRecord] {
    let pass = NetworkPass(shape, over: MinibatchBlocks(rowCount: x.count, communicator: communicator))
    var network = Network(shape, parameters: start)
    var adam = adam
    for index in pass.blocks.local { fill(pass[index], rows: pass.blocks.rows(ofBlock: index)) }
    return try steps.indices.map { step in
      try pass.forward(&network, mask: DropoutMask(seed: seed, step: step))
      let losses = pass.blocks.local.map { evaluate(loss, pass[$0], rows: pass.blocks.rows(ofBlock: $0)) }
      let total = try pass.backward(network, losses: losses, needsInputGradient: true)
      adam.update(&network.parameters, gradient: total.gradient)
      var record = TrainingRecord(
        loss: total.loss, gradient: Array(total.gradient), parameters: network.parameters, network: network)
      for index in pass.blocks.local {
        for (i, row) in pass.blocks.rows(ofBlock: index).enumerated() {
          record.outputs[row] = Self.row(i, of: pass[index].output, count: shape.outputCount)
          record.inputGradients[row] = Self.row(i, of: pass[index].inputGradient, count: shape.inputCount)
        }
      }
      return record
    }
  }

  private func fill(_ block: NetworkBlock, rows: Range<Int>) {
    block.rowIdentifiers = Array(rowIdentifiers[rows])
    for (i, row) in rows.enumerated() {
      for (j, value) in x[row].enumerated() { block.input[j * NetworkBlock.stride + i] = value }
    }
  }

  private func evaluate(_ loss: Loss, _ block: NetworkBlock, rows: Range<Int>) -> Double {
    let columns = targets[0].indices.flatMap { j in rows.map { targets[$0][j] } }
    return loss.evaluate(
      block, outputCount: shape.outputCount, targets: columns, stride: rows.count, weights: Array(weights[rows]),
      scale: 1 / Double(x.count))
  }

  private static func row(_ i: Int, of columns: UnsafePointer<Double>, count: Int) -> [Double] {
    (0..<count).map { columns[$0 * NetworkBlock.stride + i] }
  }
}
