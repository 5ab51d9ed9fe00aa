import Communication
import LinearAlgebra
import Networks

/// The steps of ``DFIV``: the gradients of its two losses in the three networks, over the halves of the rows.
///
/// V and u are minima of the losses that they belong to, so the slope in φ and in ξ needs none through them; that in ψ
/// goes through V, which is linear in ψ of half 1.
package final class FeatureTraining {
  package let first: FeatureBlocks
  package let second: FeatureBlocks
  private let penalty: Double
  private let instruments: NetworkPass
  private let covariates: NetworkPass
  private let treatment: NetworkPass

  package init(_ features: DeepFeatures, first: FeatureBlocks, second: FeatureBlocks, penalty: Double) {
    self.first = first
    self.second = second
    self.penalty = penalty
    instruments = NetworkPass(features.instruments.network.shape, over: first.rows.blocks)
    covariates = NetworkPass(features.covariates.network.shape, over: second.rows.blocks)
    treatment = NetworkPass(features.treatment.network.shape, over: first.rows.blocks)
    takeTreatment(features)
  }

  /// Writes φ of a network that has taken its steps, and ψ^. Collective.
  package func takeInstruments(_ features: DeepFeatures) throws {
    first.fillInstruments(features.instruments.network)
    second.fillInstruments(features.instruments.network)
    second.predict(try first.firstStage(penalty: penalty))
  }

  /// Writes ξ.
  package func takeCovariates(_ features: DeepFeatures) { second.fillCovariates(features.covariates.network) }

  /// Writes ψ.
  package func takeTreatment(_ features: DeepFeatures) { first.fillTreatment(features.treatment.network) }

  /// The loss of stage 1 and its gradient in φ. Collective.
  package func instrumentGradient(_ features: inout DeepFeatures) throws -> LossGradient {
    let columns = first.columns
    try forward(
      instruments, &features.instruments, first, first.rows.columns.conditional, to: columns.instruments.dropFirst())
    let stage = try first.firstStage(penalty: penalty)
    let fitted = AlignedBuffer(count: NetworkBlock.stride)
    for block in first.rows.local {
      let gradient = instruments[block.index].outputGradient
      gradient.update(repeating: 0, count: (columns.instruments.count - 1) * NetworkBlock.stride)
      for (j, target) in columns.treatment.enumerated() {
        block.combine(columns.instruments, by: { stage.coefficients[$0, j] }, into: fitted.pointer)
        let value = block.column(target)
        for i in block.rows.indices { fitted[i] = -2 * block.weight[i] / stage.weight * (value[i] - fitted[i]) }
        for k in 1..<columns.instruments.count {
          let (slope, own) = (stage.coefficients[k, j], gradient + (k - 1) * NetworkBlock.stride)
          for i in block.rows.indices { own[i] += slope * fitted[i] }
        }
      }
    }
    return try backward(instruments, features.instruments, loss: stage.loss)
  }

  /// The loss of stage 2 and its gradient in ξ, ψ^ as it is. Collective.
  package func covariateGradient(_ features: inout DeepFeatures) throws -> LossGradient {
    let columns = second.columns
    try forward(covariates, &features.covariates, second, second.rows.columns.covariates, to: columns.covariates)
    second.multiply()
    let stage = try second.secondStage(penalty: penalty)
    let q = columns.covariates.count
    for block in second.rows.local {
      let slopes = Self.outcomeSlopes(block, stage, columns)
      for k in 1...q {
        let own = covariates[block.index].outputGradient + (k - 1) * NetworkBlock.stride
        own.update(repeating: 0, count: NetworkBlock.stride)
        for (j, left) in columns.fittedFactors.enumerated() {
          let (u, value) = (stage.coefficients[j * (1 + q) + k, 0], block.column(left))
          for i in block.rows.indices { own[i] += u * slopes[i] * value[i] }
        }
      }
    }
    return try backward(covariates, features.covariates, loss: stage.loss)
  }

  /// The loss of stage 2 and its gradient in ψ, through V; φ and ξ as they are. Collective.
  package func treatmentGradient(_ features: inout DeepFeatures) throws -> LossGradient {
    let columns = first.columns
    try forward(
      treatment, &features.treatment, first, NetworkColumns.treatment..<NetworkColumns.treatment + 1,
      to: columns.treatment)
    let stage1 = try first.firstStage(penalty: penalty)
    second.predict(stage1)
    let stage2 = try second.secondStage(penalty: penalty)
    // V's slopes, then those of Σ w (1, φ) ψ' that V is made of.
    let slopes = stage1.adjoint(try coefficientSlopes(stage2))
    for block in first.rows.local {
      for j in columns.treatment.indices.map({ $0 - columns.treatment.lowerBound }) {
        let own = treatment[block.index].outputGradient + j * NetworkBlock.stride
        block.combine(columns.instruments, by: { slopes[$0, j] }, into: own)
        for i in block.rows.indices { own[i] *= block.weight[i] }
      }
    }
    return try backward(treatment, features.treatment, loss: stage2.loss)
  }

  /// The slope of stage 2's loss in V: Σ over half 2 of (1, φ) times the slope in ψ^. Collective.
  private func coefficientSlopes(_ stage: FeatureRidge) throws -> Matrix {
    let columns = second.columns
    let (p, d, q) = (columns.instruments.count, columns.fitted.count, columns.covariates.count)
    let sums = try second.rows.sum([Double](repeating: 0, count: p * d)) { sums, block in
      let slopes = Self.outcomeSlopes(block, stage, columns)
      for j in 0..<d {
        var own = [Double](repeating: 0, count: NetworkBlock.stride)
        for (k, right) in columns.covariateFactors.enumerated() {
          let (u, value) = (stage.coefficients[(1 + j) * (1 + q) + k, 0], block.column(right))
          for i in block.rows.indices { own[i] += u * slopes[i] * value[i] }
        }
        for (k, source) in columns.instruments.enumerated() {
          let value = block.column(source)
          for i in block.rows.indices { sums[k * d + j] += value[i] * own[i] }
        }
      }
    }
    return Matrix(rows: p, columns: d, values: sums)
  }

  /// The slope of stage 2's loss in u'F of each row: -2 w (y - u'F) / n.
  private static func outcomeSlopes(_ block: RowBlock, _ stage: FeatureRidge, _ columns: FeatureColumns) -> [Double] {
    var slopes = [Double](repeating: 0, count: NetworkBlock.stride)
    block.combine(columns.products, by: { stage.coefficients[$0, 0] }, into: &slopes)
    for i in block.rows.indices {
      slopes[i] = -2 * block.weight[i] / stage.weight * (block.outcome[i] - slopes[i])
    }
    return slopes
  }

  private func forward(
    _ pass: NetworkPass, _ features: inout DeepFeatures.Trained, _ blocks: FeatureBlocks, _ inputs: Range<Int>,
    to target: Range<Int>
  ) throws {
    for block in blocks.rows.local { block.fill(pass[block.index], inputs) }
    try pass.forward(&features.network)
    for block in blocks.rows.local { block.take(pass[block.index].output, as: target) }
  }

  /// The gradient of a loss that is known as a whole.
  private func backward(_ pass: NetworkPass, _ features: DeepFeatures.Trained, loss: Double) throws -> LossGradient {
    var total = try pass.backward(features.network, losses: pass.blocks.local.map { _ in 0 })
    total.loss = loss
    return total
  }
}
