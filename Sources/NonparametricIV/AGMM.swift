import Communication
import Networks
import Runs

/// Adversarial moments (Dikkala et al. 2020): min_g max_f E[(y - g(t, x)) f(z, x)] - E[f²] - λ |f|² + μ |g|², with λ and μ
/// on the squares of the networks' parameters.
///
/// Both networks take a step of optimistic Adam at once. A game circles around its solution, so the answer is not the
/// last g: its parameters are the mean of those of the second half of the steps.
///
/// The criterion is the largest of c E[(y - g) f] - c² E[f²] over numbers c, with the mean f of the second half, on rows
/// that were held out: E[(y - g) f]² / (4 E[f²]).
public struct AGMM: TrainedRegression {
  public typealias Function = NetworkFunction

  package var widths = [100, 100]
  package var dropout: Double?
  /// μ and λ, halved: a parameter's slope gains this times the parameter.
  package var structuralDecay = 1e-3
  package var adversarialDecay = 1e-4
  /// Whether the parameters are averaged over the second half of the steps.
  package var isAveraged = true
  package var plan = EpochPlan(
    epochs: 100, batchSize: 100, learningRate: 3e-4, isAnnealed: false, beta1: 0, beta2: 0.01, isOptimistic: true)
  package let seed: UInt64

  /// - Parameter isPaper: takes the settings of the reference: a dropout of .1, 300 epochs at a learning rate of 1e-4, and
  ///   the last parameters.
  public init(isPaper: Bool = false, seed: UInt64) {
    self.seed = seed
    guard isPaper else { return }
    dropout = 0.1
    isAveraged = false
    plan.epochs = 300
    plan.learningRate = 1e-4
  }

  public func fit(_ rows: some StructuralRows, in journal: Journal) throws -> StructuralFit<NetworkFunction> {
    let data = try NetworkRows(rows, seed: seed)
    let problem = MomentGame(self, data)
    var training = EpochTraining(plan, from: problem.start(seed: seed), seed: seed)
    try training.run(problem, in: journal) { _ in 0 }
    let networks = problem.answer(training.result)
    let criterion = try problem.criterion(networks, over: RowBlocks(data.heldOut, of: data))
    return StructuralFit(function: NetworkFunction(network: networks.g), criterion: criterion)
  }
}

/// The game of ``AGMM``; its networks are g(t, x), then f(x, z). Beside the averages of the networks stand those of the
/// parameters.
package final class MomentGame<Source: StructuralRows>: StructuralProblem {
  private let set: NetworkSet
  private let method: AGMM
  package let data: NetworkRows<Source>
  private let passes: NetworkPasses
  /// The first step whose parameters are averaged.
  private let firstAveraged: Int

  package init(_ method: AGMM, _ data: NetworkRows<Source>) {
    self.method = method
    self.data = data
    func shape(_ inputs: Range<Int>) -> NetworkShape {
      .hidden(method.widths, inputs: inputs.count, .leakyRelu(), dropout: method.dropout)
    }
    set = NetworkSet(shape(data.columns.structural), shape(data.columns.conditional))
    passes = NetworkPasses(set, columns: data.columns, seed: method.seed)
    firstAveraged = method.plan.epochs * max(1, data.training.count / method.plan.batchSize) / 2
  }

  package func start(seed: UInt64) -> NetworkState {
    let start = set.start(seed: seed)
    return NetworkState(parameters: start.parameters, averages: start.averages + start.parameters)
  }

  package func lossGradient(
    of minibatch: Minibatch, parameters: [Double], averages: inout [Double]
  ) throws -> LossGradient {
    average(parameters, step: minibatch.step, into: &averages)
    passes.load(minibatch, parameters: parameters, averages: averages)
    for (index, rows) in passes.rows.enumerated() {
      rows.fill(passes.block(0, index), data.columns.structural)
      rows.fill(passes.block(1, index), data.columns.conditional)
    }
    for pass in 0..<2 { try passes.forward(pass, step: minibatch.step, averages: &averages) }
    let scale = 1 / Double(minibatch.rowCount)
    let losses = passes.map { rows, index in
      let (g, f) = (passes.block(0, index), passes.block(1, index))
      var loss = 0.0
      for i in rows.rows.indices {
        let (weight, residual) = (scale * rows.weight[i], rows.outcome[i] - g.output[i])
        loss += weight * (residual - f.output[i]) * f.output[i]
        // g descends, f ascends.
        g.outputGradient[i] = -weight * f.output[i]
        f.outputGradient[i] = -weight * (residual - 2 * f.output[i])
      }
      return loss
    }
    var total = LossGradient(parameterCount: parameters.count)
    try passes.backward(0, to: &total, losses: losses)
    try passes.backward(1, to: &total)
    decay(parameters, &total)
    return total
  }

  private func decay(_ parameters: [Double], _ total: inout LossGradient) {
    total.withGradient { gradient in
      for place in set.parameters(0) { gradient[place] += method.structuralDecay * parameters[place] }
      for place in set.parameters(1) { gradient[place] += method.adversarialDecay * parameters[place] }
    }
  }

  private func average(_ parameters: [Double], step: Int, into averages: inout [Double]) {
    let first = averages.count - parameters.count
    let share = 1 / Double(max(step - firstAveraged, 0) + 1)
    for (place, value) in parameters.enumerated() {
      averages[first + place] += share * (value - averages[first + place])
    }
  }

  /// The networks that training came to.
  package func answer(_ state: NetworkState) -> (g: Network, f: Network) {
    var answer = state
    if method.isAveraged { answer.parameters = Array(state.averages.suffix(state.parameters.count)) }
    return (set.network(0, of: answer), set.network(1, of: answer))
  }

  package func criterion(_ networks: (g: Network, f: Network), over rows: RowBlocks) throws -> Double {
    let (g, f) = (NetworkUse(networks.g), NetworkUse(networks.f))
    let sums = try rows.sum([0.0, 0.0, 0.0]) { sums, rows in
      let (outcome, moment) = (
        g { rows.fill($0, data.columns.structural) }, f { rows.fill($0, data.columns.conditional) }
      )
      for i in rows.rows.indices {
        sums[0] += rows.weight[i] * (rows.outcome[i] - outcome[i]) * moment[i]
        sums[1] += rows.weight[i] * moment[i] * moment[i]
        sums[2] += rows.weight[i]
      }
    }
    return sums[1] > 0 ? sums[0] * sums[0] / (4 * sums[1] * sums[2]) : 0
  }
}
