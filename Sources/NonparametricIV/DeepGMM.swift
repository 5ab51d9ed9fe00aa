import Communication
import Diagnostics
import LinearAlgebra
import Networks
import Runs

/// Adversarial moments weighted by their variance (Bennett, Kallus and Schnabel 2019):
/// min_θ max_τ E[f_τ(x, z) (y - g_θ(t, x))] - E[f_τ² (y - g~)²] / 4, with g~ the g before the step, held fixed.
///
/// The weight is what the method is: without it the penalty is ``AGMM``'s. A turn is one step of g and some of f on the
/// same rows, by optimistic Adam; the residuals y - g that the step of g needs serve those of f. The answer is the g whose
/// largest objective over all f so far is the least on rows that were held out, see ``MomentContest``.
///
/// Published settings take all rows for a turn and tanh; turns on minibatches and rectifiers come ten times nearer in a
/// fifth of the time.
public struct DeepGMM: TrainedRegression {
  public typealias Function = NetworkFunction

  package var structuralWidths = [128, 64, 32]
  package var dualWidths = [128, 64]
  package var activation = Activation.leakyRelu()
  package var structuralRate = 1e-3
  package var dualRate = 2.5e-3
  /// Whether the learning rates fall to 0 along a line.
  package var isAnnealed = true
  /// Steps of f in a turn.
  package var dualSteps = 2
  /// Rows of a turn; nil for all.
  package var batchSize: Int? = 200
  package var epochs = 100
  /// Epochs from one comparison to the next.
  package var interval = 5
  package let seed: UInt64

  /// - Parameter isPaper: takes the settings of the reference: tanh, 300 turns on all rows with 5 steps of f, and learning
  ///   rates of 5e-4 and 2.5e-3 throughout.
  public init(isPaper: Bool = false, seed: UInt64) {
    self.seed = seed
    guard isPaper else { return }
    activation = .tanh
    structuralRate = 5e-4
    isAnnealed = false
    dualSteps = 5
    batchSize = nil
    epochs = 300
  }

  public func fit(_ rows: some StructuralRows, in journal: Journal) throws -> StructuralFit<NetworkFunction> {
    let data = try NetworkRows(rows, seed: seed)
    let batches = try minibatches(data)
    let start = Turns(game: VarianceWeightedGame(self, columns: data.columns))
    let entrants = try journal.run("turns", from: start, progress: \.progress, outcome: \.entrants) { turns, keep in
      var turns = turns
      while turns.epoch < epochs {
        try advance(&turns, batches)
        try keep(turns)
      }
      return turns
    }
    var contest = try MomentContest(RowBlocks(data.heldOut, of: data))
    var best = entrants[0].g
    for entrant in entrants { if try contest.add(g: entrant.g, f: entrant.f) { best = entrant.g } }
    return StructuralFit(function: NetworkFunction(network: best), criterion: contest.leastObjective)
  }

  /// Where the game stands, with the pairs that are compared at the end.
  private struct Turns: Codable {
    struct Entrant: Codable {
      let g: Network
      let f: Network
    }

    var game: VarianceWeightedGame
    var epoch = 0
    var entrants: [Entrant] = []

    var progress: Journal.Progress { Journal.Progress(passes: epoch) }
  }

  /// One epoch of turns.
  private func advance(_ turns: inout Turns, _ batches: [RowBlocks]) throws {
    let epoch = turns.epoch
    if isAnnealed { turns.game.slow(to: 1 - Double(epoch) / Double(epochs)) }
    let order = RowPermutation(count: batches.count, seed: seed, index: 1 + epoch)
    for place in batches.indices { try turns.game.advance(batches[order[place]], dualSteps: dualSteps) }
    turns.epoch += 1
    guard turns.epoch.isMultiple(of: interval) || turns.epoch == epochs else { return }
    turns.entrants.append(Turns.Entrant(g: turns.game.g, f: turns.game.f))
  }

  /// The training rows in a random order, cut into turns, with a column for residuals.
  private func minibatches(_ data: NetworkRows<some StructuralRows>) throws -> [RowBlocks] {
    let order = RowPermutation(count: data.training.count, seed: seed, index: 0)
    let rows = data.training.indices.map { data.training[order[$0]] }
    return try RowBlocks.minibatches(rows, of: data, batchSize: batchSize ?? rows.count, spare: 1)
  }
}

/// The two networks of ``DeepGMM`` with their optimisers. A value: a copy is a point to come back to.
package struct VarianceWeightedGame: Sendable, Codable {
  package var g: Network
  package var f: Network
  private var structuralOptimizer: Adam
  private var dualOptimizer: Adam
  private let rates: [Double]

  package init(_ method: DeepGMM, columns: NetworkColumns) {
    func network(_ widths: [Int], _ inputs: Range<Int>, index: Int) -> Network {
      Network(
        .hidden(widths, inputs: inputs.count, method.activation), start: .reciprocalRoot, seed: method.seed,
        index: index)
    }
    func optimizer(_ network: Network, _ rate: Double) -> Adam {
      Adam(
        parameterCount: network.parameters.count, learningRate: rate, beta1: 0.5, beta2: 0.9, isOptimistic: true)
    }
    g = network(method.structuralWidths, columns.structural, index: 0)
    f = network(method.dualWidths, columns.conditional, index: 1)
    rates = [method.structuralRate, method.dualRate]
    structuralOptimizer = optimizer(g, method.structuralRate)
    dualOptimizer = optimizer(f, method.dualRate)
  }

  /// Takes a share of the learning rates from here on.
  mutating func slow(to share: Double) {
    structuralOptimizer.learningRate = share * rates[0]
    dualOptimizer.learningRate = share * rates[1]
  }

  /// Takes a step of g and some of f over rows, whose spare column gets the residuals. Collective.
  package mutating func advance(_ rows: RowBlocks, dualSteps: Int) throws {
    let descent = try structuralGradient(rows)
    structuralOptimizer.update(&g.parameters, gradient: descent.gradient)
    guard descent.loss.isFinite else { throw Failure.divergence }
    for _ in 0..<dualSteps {
      let ascent = try dualGradient(rows)
      dualOptimizer.update(&f.parameters, gradient: ascent.gradient)
      guard ascent.loss.isFinite else { throw Failure.divergence }
    }
  }

  /// E[f (y - g)] and its gradient in g; leaves the residuals y - g.
  package func structuralGradient(_ rows: RowBlocks) throws -> LossGradient {
    let (structural, dual) = (NetworkBlock(g.shape), NetworkBlock(f.shape))
    let scale = 1 / Double(rows.rowCount)
    return try rows.sum(LossGradient(parameterCount: g.parameters.count)) { total, block in
      block.fill(dual, rows.columns.conditional)
      f.forward(dual)
      block.fill(structural, rows.columns.structural)
      g.forward(structural)
      let residuals = block.column(rows.columns.count)
      for i in block.rows.indices {
        let slope = scale * block.weight[i] * dual.output[i]
        residuals[i] = block.outcome[i] - structural.output[i]
        total.loss += slope * residuals[i]
        structural.outputGradient[i] = -slope
      }
      total.withGradient { g.shape.backward(structural, parameters: g.parameters, addingTo: $0) }
    }
  }

  /// -E[f r] + E[f² r²] / 4 for the residuals r, and its gradient in f.
  package func dualGradient(_ rows: RowBlocks) throws -> LossGradient {
    let dual = NetworkBlock(f.shape)
    let scale = 1 / Double(rows.rowCount)
    return try rows.sum(LossGradient(parameterCount: f.parameters.count)) { total, block in
      block.fill(dual, rows.columns.conditional)
      f.forward(dual)
      let residuals = block.column(rows.columns.count)
      for i in block.rows.indices {
        let (weight, moment) = (scale * block.weight[i], dual.output[i] * residuals[i])
        total.loss += weight * (moment * moment / 4 - moment)
        dual.outputGradient[i] = weight * residuals[i] * (moment / 2 - 1)
      }
      total.withGradient { f.shape.backward(dual, parameters: f.parameters, addingTo: $0) }
    }
  }
}
