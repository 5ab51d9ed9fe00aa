import Communication
import LinearAlgebra
import Networks
import Runs

/// The conditional density of the treatment, then the regression that integrates over it (Hartford et al. 2017):
/// p(t | z, x) as a mixture of normal densities, and min_g Σ (y - ∫ g(t, x) dp(t | z, x))².
///
/// The gradient of a row, -2 (y - E g) E ∇g, is a product of two means. One draw of t for both would make its mean that of
/// Σ (y - E g)² + Var g, which flattens g; so the factors take **independent** draws t₁ and t₂,
/// -2 (y - g(t₁, x)) ∇g(t₂, x), new ones for each row and step.
///
/// The first stage is judged by the likelihood of rows that were held out, the second by the mean over them of
/// (y - g(t₁, x)) (y - g(t₂, x)), which is that of (y - E g)².
public struct DeepIV: TrainedRegression {
  public typealias Function = NetworkFunction

  package var widths = [128, 64, 32]
  package var dropout: Double?
  /// Of the mixture; nil for as many as instruments, at least 3 and at most 10.
  package var componentCount: Int?
  package var first = EpochPlan(epochs: 40, batchSize: 200, learningRate: 3e-3, patience: 15)
  package var second = EpochPlan(epochs: 60, batchSize: 200, learningRate: 3e-3, patience: 20)
  package let seed: UInt64

  /// - Parameter isPaper: takes the settings of the reference: a dropout of .25, 100 epochs for each stage in minibatches
  ///   of 100 rows, and the last parameters.
  public init(isPaper: Bool = false, seed: UInt64) {
    self.seed = seed
    guard isPaper else { return }
    dropout = 0.25
    first = EpochPlan(epochs: 100, batchSize: 100, learningRate: 1e-3, isAnnealed: false)
    second = first
  }

  public func fit(_ rows: some StructuralRows, in journal: Journal) throws -> StructuralFit<NetworkFunction> {
    let data = try NetworkRows(rows, seed: seed)
    let components = componentCount ?? min(max(data.columns.instrumentCount, 3), 10)
    let density = try conditionalDensity(data, components: components, in: journal)
    let known = try NetworkRows(data, deriving: density)
    let heldOut = try RowBlocks(known.heldOut, of: known)
    let problem = ResponseProblem(self, known, components: components)
    var training = EpochTraining(second, from: problem.set.start(seed: seed, firstIndex: 1), seed: seed)
    try training.run(problem, in: journal) { try problem.meanLoss(problem.set.network(0, of: $0), over: heldOut) }
    return StructuralFit(
      function: NetworkFunction(network: problem.set.network(0, of: training.result)), criterion: training.judgement!)
  }

  /// The network of p(t | z, x).
  private func conditionalDensity(
    _ data: NetworkRows<some StructuralRows>, components: Int, in journal: Journal
  ) throws -> Network {
    let set = NetworkSet(
      .hidden(widths, inputs: data.columns.conditional.count, outputs: 3 * components, dropout: dropout))
    let problem = NetworkRegression(
      data, set, inputs: [data.columns.conditional], target: NetworkColumns.treatment,
      loss: .mixtureDensity(components: components), seed: seed)
    let heldOut = try RowBlocks(data.heldOut, of: data)
    var training = EpochTraining(first, from: set.start(seed: seed), seed: seed)
    try training.run(problem, in: journal) { try problem.meanLoss(set.network(0, of: $0), over: heldOut) }
    return set.network(0, of: training.result)
  }
}

/// The second stage of ``DeepIV``, for rows that know the outputs of the density's network.
package final class ResponseProblem<Source: StructuralRows>: StructuralProblem {
  /// Pairs of draws that judge a row.
  private static var judgingPairs: Int { 2 }

  package let set: NetworkSet
  package let data: NetworkRows<Source>
  private let draws: ConditionalDraws
  private let passes: NetworkPasses
  /// The draws of a block's rows.
  private let treatments = AlignedBuffer(count: NetworkBlock.stride)

  package init(_ method: DeepIV, _ data: NetworkRows<Source>, components: Int) {
    self.data = data
    set = NetworkSet(
      .hidden(method.widths, inputs: data.columns.structural.count, dropout: method.dropout))
    draws = ConditionalDraws(
      components: components, firstColumn: data.columns.derived.lowerBound, seed: method.seed)
    passes = NetworkPasses(set, networks: [0, 0], columns: data.columns, seed: method.seed)
  }

  package func lossGradient(
    of minibatch: Minibatch, parameters: [Double], averages: inout [Double]
  ) throws -> LossGradient {
    passes.load(minibatch, parameters: parameters, averages: averages)
    for pass in 0..<2 {
      for (index, rows) in passes.rows.enumerated() {
        fill(passes.block(pass, index), rows, pair: Self.judgingPairs + minibatch.step, second: pass == 1)
      }
      try passes.forward(pass, step: minibatch.step, averages: &averages)
    }
    let scale = 1 / Double(minibatch.rowCount)
    let losses = passes.map { rows, index in
      let (first, second) = (passes.block(0, index).output, passes.block(1, index))
      var loss = 0.0
      for i in rows.rows.indices {
        let residual = scale * rows.weight[i] * (rows.outcome[i] - first[i])
        loss += residual * (rows.outcome[i] - second.output[i])
        second.outputGradient[i] = -2 * residual
      }
      return loss
    }
    var total = LossGradient(parameterCount: parameters.count)
    try passes.backward(1, to: &total, losses: losses)
    return total
  }

  /// The mean of (y - g(t₁, x)) (y - g(t₂, x)) over some rows, a network in use. Collective.
  package func meanLoss(_ network: Network, over rows: RowBlocks) throws -> Double {
    let g = NetworkUse(network)
    let first = AlignedBuffer(count: NetworkBlock.stride)
    let sums = try rows.sum([0.0, 0.0]) { sums, rows in
      for pair in 0..<Self.judgingPairs {
        first.pointer.update(from: g { fill($0, rows, pair: pair, second: false) }, count: NetworkBlock.stride)
        let second = g { fill($0, rows, pair: pair, second: true) }
        for i in rows.rows.indices {
          sums[0] += rows.weight[i] * (rows.outcome[i] - first[i]) * (rows.outcome[i] - second[i])
          sums[1] += rows.weight[i]
        }
      }
    }
    return sums[0] / sums[1]
  }

  /// Fills in (t, x) with the first or second draw of a pair for t.
  private func fill(_ g: NetworkBlock, _ rows: RowBlock, pair: Int, second: Bool) {
    draws.fill(treatments.pointer, rows, draw: 2 * pair + (second ? 1 : 0))
    rows.fill(g, from: treatments.pointer)
    rows.fill(g, data.columns.covariates, at: 1)
  }
}

/// Draws from the mixture of normal densities that a row's columns tell: K logits of the weights, K means, K logarithms
/// of deviations. A pure function of (seed, global row, number of the draw).
struct ConditionalDraws {
  private let components: Int
  private let firstColumn: Int
  private let random: CounterRandom

  package init(components: Int, firstColumn: Int, seed: UInt64) {
    self.components = components
    self.firstColumn = firstColumn
    random = CounterRandom(seed: seed, stream: .conditionalDraws)
  }

  func fill(_ values: UnsafeMutablePointer<Double>, _ rows: RowBlock, draw: Int) {
    let logits = (0..<components).map { rows.column(firstColumn + $0) }
    var probabilities = [Double](repeating: 0, count: components)
    for (i, row) in rows.rows.enumerated() {
      let largest = logits.reduce(-Double.infinity) { max($0, $1[i]) }
      for k in 0..<components { probabilities[k] = Elementary.exp(logits[k][i] - largest) }
      let k = random.categorical(row: row, draw: 2 * draw, probabilities: probabilities)
      let deviation = Elementary.exp(rows.column(firstColumn + 2 * components + k)[i])
      values[i] =
        rows.column(firstColumn + components + k)[i] + deviation * random.normal(row: row, draw: 2 * draw + 1)
    }
  }
}
