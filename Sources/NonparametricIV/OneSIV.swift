import Communication
import Networks
import Runs

/// Both stages in one training (Lin et al. 2019): w₁ (y - g(t^(z, x), x))² + w₂ (t - t^(z, x))².
///
/// A **plug-in** method like ``NN2SLS``: g(E[t | z, x], x) stands where E[g(t, x) | z, x] belongs. With w₁ near w₂ the
/// fitted treatment bends toward y and is no longer one, so w₁ is small.
///
/// An epoch is judged by the same loss on rows that were held out; the criterion is the mean of (y - g(t^, x))² there.
public struct OneSIV: TrainedRegression {
  public typealias Function = NetworkFunction

  package var widths = [128, 64, 32]
  package var dropout: Double?
  package var outcomeWeight = 0.0017
  package var treatmentWeight = 1.0
  package var plan = EpochPlan(epochs: 60, batchSize: 200, learningRate: 3e-3, patience: 20)
  package let seed: UInt64

  /// - Parameter isPaper: takes the settings of the reference: 1280-320-32 with a dropout of .5, 30 epochs in minibatches
  ///   of 1000 rows, and the last parameters.
  public init(isPaper: Bool = false, seed: UInt64) {
    self.seed = seed
    guard isPaper else { return }
    widths = [1280, 320, 32]
    dropout = 0.5
    plan = EpochPlan(epochs: 30, batchSize: 1000, learningRate: 5e-3, isAnnealed: false)
  }

  public func fit(_ rows: some StructuralRows, in journal: Journal) throws -> StructuralFit<NetworkFunction> {
    let data = try NetworkRows(rows, seed: seed)
    let heldOut = try RowBlocks(data.heldOut, of: data)
    let problem = OneStageProblem(self, data)
    var training = EpochTraining(plan, from: problem.set.start(seed: seed), seed: seed)
    try training.run(problem, in: journal) { state in
      let losses = try problem.meanLosses(state, over: heldOut)
      return outcomeWeight * losses.outcome + treatmentWeight * losses.treatment
    }
    let criterion = try problem.meanLosses(training.result, over: heldOut).outcome
    return StructuralFit(
      function: NetworkFunction(network: problem.set.network(1, of: training.result)), criterion: criterion)
  }
}

/// The loss of ``OneSIV``; its networks are t^(x, z), then g(t^, x).
package final class OneStageProblem<Source: StructuralRows>: StructuralProblem {
  package let set: NetworkSet
  private let method: OneSIV
  package let data: NetworkRows<Source>
  private let passes: NetworkPasses

  package init(_ method: OneSIV, _ data: NetworkRows<Source>) {
    self.method = method
    self.data = data
    set = NetworkSet(
      .hidden(method.widths, inputs: data.columns.conditional.count, dropout: method.dropout),
      .hidden(method.widths, inputs: data.columns.structural.count, dropout: method.dropout))
    passes = NetworkPasses(set, columns: data.columns, seed: method.seed)
  }

  package func lossGradient(
    of minibatch: Minibatch, parameters: [Double], averages: inout [Double]
  ) throws -> LossGradient {
    passes.load(minibatch, parameters: parameters, averages: averages)
    var total = LossGradient(parameterCount: parameters.count)
    let scale = 1 / Double(minibatch.rowCount)
    for (index, rows) in passes.rows.enumerated() { rows.fill(passes.block(0, index), data.columns.conditional) }
    try passes.forward(0, step: minibatch.step, averages: &averages)
    for (index, rows) in passes.rows.enumerated() {
      fill(passes.block(1, index), rows, fitted: passes.block(0, index).output)
    }
    try passes.forward(1, step: minibatch.step, averages: &averages)

    let outcome = passes.map { rows, index in
      Loss.squared(
        passes.block(1, index), output: 0, targets: rows.outcome, weights: rows.weight,
        scale: method.outcomeWeight * scale)
    }
    try passes.backward(1, to: &total, losses: outcome, needsInputGradient: true)
    let treatment = passes.map { rows, index in
      let (fitted, g) = (passes.block(0, index), passes.block(1, index))
      let loss = Loss.squared(
        fitted, output: 0, targets: rows.treatment, weights: rows.weight, scale: method.treatmentWeight * scale)
      for i in rows.rows.indices { fitted.outputGradient[i] += g.inputGradient[i] }
      return loss
    }
    try passes.backward(0, to: &total, losses: treatment)
    return total
  }

  /// The means of (y - g(t^, x))² and of (t - t^)² over some rows, networks in use. Collective.
  package func meanLosses(_ state: NetworkState, over rows: RowBlocks) throws -> (outcome: Double, treatment: Double) {
    let (first, second) = (NetworkUse(set.network(0, of: state)), NetworkUse(set.network(1, of: state)))
    let sums = try rows.sum([0.0, 0.0, 0.0]) { sums, rows in
      let fitted = first { rows.fill($0, data.columns.conditional) }
      let g = second { fill($0, rows, fitted: fitted) }
      for i in rows.rows.indices {
        let (outcome, treatment) = (rows.outcome[i] - g[i], rows.treatment[i] - fitted[i])
        sums[0] += rows.weight[i] * outcome * outcome
        sums[1] += rows.weight[i] * treatment * treatment
        sums[2] += rows.weight[i]
      }
    }
    return (sums[0] / sums[2], sums[1] / sums[2])
  }

  private func fill(_ g: NetworkBlock, _ rows: RowBlock, fitted: UnsafePointer<Double>) {
    rows.fill(g, from: fitted)
    rows.fill(g, data.columns.covariates, at: 1)
  }
}
