import Communication
import Diagnostics
import Networks
import Runs

/// How long and how fast networks are trained.
package struct EpochPlan: Sendable, Codable, Equatable {
  package var epochs: Int
  package var batchSize: Int
  package var learningRate: Double
  /// Whether the learning rate falls to 0 along a line.
  package var isAnnealed: Bool
  /// Epochs without a better judgement after which training ends; nil to train to the end and take the last parameters.
  package var patience: Int?
  package var beta1: Double
  package var beta2: Double
  package var isOptimistic: Bool

  package init(
    epochs: Int, batchSize: Int, learningRate: Double, isAnnealed: Bool = true, patience: Int? = nil,
    beta1: Double = 0.9, beta2: Double = 0.999, isOptimistic: Bool = false
  ) {
    self.epochs = epochs
    self.batchSize = batchSize
    self.learningRate = learningRate
    self.isAnnealed = isAnnealed
    self.patience = patience
    self.beta1 = beta1
    self.beta2 = beta2
    self.isOptimistic = isOptimistic
  }

  /// The rate of an epoch, counted from 0.
  func rate(_ epoch: Int) -> Double {
    isAnnealed ? learningRate * (1 - Double(epoch) / Double(epochs)) : learningRate
  }

  package func optimizer(parameterCount: Int) -> Adam {
    Adam(
      parameterCount: parameterCount, learningRate: learningRate, beta1: beta1, beta2: beta2,
      isOptimistic: isOptimistic)
  }
}

/// A training by epochs that keeps what was judged best on rows it does not learn from.
///
/// A value: one that was encoded and decoded goes on as if nothing had happened.
package struct EpochTraining: Sendable, Codable {
  package let plan: EpochPlan
  package private(set) var trainer: Trainer
  /// The epochs done.
  package private(set) var epoch = 0
  /// What training came to: the best state so far, or the last.
  package private(set) var result: NetworkState
  /// The judgement of `result`, and the epoch after which it was taken; nil before the first epoch.
  package private(set) var judgement: Double?
  package private(set) var judgedEpoch = 0

  package init(_ plan: EpochPlan, from start: NetworkState, seed: UInt64) {
    self.plan = plan
    result = start
    trainer = Trainer(
      parameters: start.parameters, averages: start.averages,
      optimizer: plan.optimizer(parameterCount: start.parameters.count), batchSize: plan.batchSize, seed: seed)
  }

  package var isDone: Bool { epoch >= plan.epochs || plan.patience.map { epoch - judgedEpoch >= $0 } ?? false }

  /// Trains to the end. Collective.
  ///
  /// - Parameters:
  ///   - journal: keeps where training stands after every epoch.
  ///   - judge: a loss of a state on rows that were held out, the same on all ranks.
  /// - Throws: ``Failure`` (numerical) when the training left the range of numbers, and what reading and summing throw.
  package mutating func run(
    _ problem: some TrainingProblem, in journal: Journal = Journal(), judge: (NetworkState) throws -> Double
  ) throws {
    self = try journal.run("epochs", from: self, progress: \.progress) { training, keep in
      var training = training
      while !training.isDone {
        try training.advance(problem, judge: judge)
        // Ranks agree in sums when to save, and neither steps nor a judgement need make any.
        _ = try problem.rows.sum([0.0]) { _, _ in }
        try keep(training)
      }
      return training
    }
  }

  private var progress: Journal.Progress {
    Journal.Progress(
      passes: epoch, values: judgement.map { ["judgement": .number($0)] } ?? [:],
      remaining: plan.patience == nil ? .exactly(plan.epochs - epoch) : .atMost(plan.epochs - epoch, expected: nil))
  }

  /// Trains for one epoch.
  package mutating func advance(_ problem: some TrainingProblem, judge: (NetworkState) throws -> Double) throws {
    let rowCount = problem.trainingRows?.count ?? problem.rows.rowCount
    trainer.optimizer.learningRate = plan.rate(epoch)
    let loss = try trainer.train(problem, steps: max(1, rowCount / plan.batchSize))
    guard loss.isFinite else { throw Failure.divergence }
    epoch += 1
    let state = NetworkState(parameters: trainer.parameters, averages: trainer.averages)
    let value = try judge(state)
    guard value.isFinite else { throw Failure.divergence }
    if plan.patience == nil || value < judgement ?? .infinity {
      (result, judgement, judgedEpoch) = (state, value, epoch)
    }
  }
}

extension Failure {
  /// A training left the range of numbers.
  static var divergence: Failure {
    Failure(
      .numerical,
      "the training of networks left the range of numbers; look for extreme values of the outcome, the treatment or the "
        + "covariates, or choose another method")
  }
}
