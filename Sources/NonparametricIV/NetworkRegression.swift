import Communication
import Networks

/// One network that tells a column of the rows from others, by the mean of a loss.
package final class NetworkRegression<Source: StructuralRows>: StructuralProblem {
  package let data: NetworkRows<Source>
  private let loss: Loss
  private let target: Int
  /// The columns that the network sees.
  private let inputs: [Range<Int>]
  private let passes: NetworkPasses

  package init(
    _ data: NetworkRows<Source>, _ set: NetworkSet, inputs: [Range<Int>], target: Int, loss: Loss = .squared,
    seed: UInt64
  ) {
    self.data = data
    self.loss = loss
    self.target = target
    self.inputs = inputs
    passes = NetworkPasses(set, columns: data.columns, seed: seed)
  }

  package func lossGradient(
    of minibatch: Minibatch, parameters: [Double], averages: inout [Double]
  ) throws -> LossGradient {
    passes.load(minibatch, parameters: parameters, averages: averages)
    for (index, rows) in passes.rows.enumerated() { fill(passes.block(0, index), rows) }
    try passes.forward(0, step: minibatch.step, averages: &averages)
    let losses = passes.map { rows, index in
      evaluate(passes.block(0, index), rows, scale: 1 / Double(minibatch.rowCount))
    }
    var total = LossGradient(parameterCount: parameters.count)
    try passes.backward(0, to: &total, losses: losses)
    return total
  }

  /// The mean loss of a network in use over some rows. Collective.
  package func meanLoss(_ network: Network, over rows: RowBlocks) throws -> Double {
    let block = NetworkBlock(network.shape)
    let sums = try rows.sum([0.0, 0.0]) { sums, rows in
      fill(block, rows)
      network.forward(block)
      sums[0] += evaluate(block, rows, scale: 1)
      for i in rows.rows.indices { sums[1] += rows.weight[i] }
    }
    return sums[0] / sums[1]
  }

  private func fill(_ network: NetworkBlock, _ rows: RowBlock) {
    var first = 0
    for range in inputs {
      rows.fill(network, range, at: first)
      first += range.count
    }
  }

  private func evaluate(_ network: NetworkBlock, _ rows: RowBlock, scale: Double) -> Double {
    loss.evaluate(
      network, outputCount: 1, targets: rows.column(target), stride: NetworkBlock.stride, weights: rows.weight,
      scale: scale)
  }
}
