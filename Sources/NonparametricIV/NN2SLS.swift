import Networks
import Runs

/// Two stages of networks: t^ = f(x, z) by least squares of t, then g by least squares of y on (t^, x).
///
/// A **plug-in** method: g(E[t | z, x], x) stands where E[g(t, x) | z, x] belongs. The two differ as soon as g bends in
/// t, by about half of its curvature times Var(t | z, x): harmless when the instruments and covariates tell nearly all
/// of t, and a bias that more rows do not remove when they do not.
///
/// An epoch is judged by the loss of its own stage on rows that were held out; the criterion is that of the second.
public struct NN2SLS: TrainedRegression {
  public typealias Function = NetworkFunction

  package var widths = [128, 64, 32]
  package var isNormalized = false
  package var first = EpochPlan(epochs: 30, batchSize: 200, learningRate: 3e-3, patience: 10)
  package var second = EpochPlan(epochs: 60, batchSize: 200, learningRate: 3e-3, patience: 20)
  package let seed: UInt64

  /// - Parameter isPaper: takes the settings of the reference: 1280-320-32 with batch normalisation, 20 and 100 epochs in
  ///   minibatches of 1000 rows, and the last parameters.
  public init(isPaper: Bool = false, seed: UInt64) {
    self.seed = seed
    guard isPaper else { return }
    widths = [1280, 320, 32]
    isNormalized = true
    first = EpochPlan(epochs: 20, batchSize: 1000, learningRate: 5e-3, isAnnealed: false)
    second = EpochPlan(epochs: 100, batchSize: 1000, learningRate: 5e-3, isAnnealed: false)
  }

  public func fit(_ rows: some StructuralRows, in journal: Journal) throws -> StructuralFit<NetworkFunction> {
    let data = try NetworkRows(rows, seed: seed)
    let stage = try train(
      data, index: 0, inputs: [data.columns.conditional], target: NetworkColumns.treatment, first, in: journal)
    let fitted = try NetworkRows(data, deriving: stage.network)
    let outcome = try train(
      fitted, index: 1, inputs: [fitted.columns.derived, fitted.columns.covariates], target: NetworkColumns.outcome,
      second, in: journal)
    return StructuralFit(function: NetworkFunction(network: outcome.network), criterion: outcome.loss)
  }

  /// The network of a stage, and its loss on the rows that judge.
  private func train(
    _ data: NetworkRows<some StructuralRows>, index: Int, inputs: [Range<Int>], target: Int, _ plan: EpochPlan,
    in journal: Journal
  ) throws -> (network: Network, loss: Double) {
    let inputCount = inputs.reduce(0) { $0 + $1.count }
    let set = NetworkSet(.hidden(widths, inputs: inputCount, isNormalized: isNormalized))
    let problem = NetworkRegression(data, set, inputs: inputs, target: target, seed: seed)
    let heldOut = try RowBlocks(data.heldOut, of: data)
    var training = EpochTraining(plan, from: set.start(seed: seed, firstIndex: index), seed: seed)
    try training.run(problem, in: journal) { try problem.meanLoss(set.network(0, of: $0), over: heldOut) }
    return (set.network(0, of: training.result), training.judgement!)
  }
}
