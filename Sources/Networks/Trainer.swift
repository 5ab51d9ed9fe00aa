import Communication

/// Minimises the loss of a ``TrainingProblem`` by steps of Adam on minibatches of global rows.
///
/// ```
/// rows of some steps -> one exchange -> per step: loss and gradient, summed over blocks -> Adam -> parameters
/// ```
/// Rows are drawn by (seed, epoch) without replacement within an epoch, and sums are taken over blocks of rows, so the
/// parameters have the same bits on any number of ranks. A trainer is a value: a copy is a point to come back to, and one
/// that was encoded and decoded goes on as if nothing had happened.
public struct Trainer: Sendable, Codable {
  /// The rows of a minibatch, at most all.
  public let batchSize: Int
  /// Of the minibatches.
  public let seed: UInt64
  private var progress: Progress

  /// What a step changes.
  private struct Progress: Sendable, Codable {
    var parameters: [Double]
    var averages: [Double]
    var optimizer: Adam
    var stepCount = 0
  }

  /// - Parameters:
  ///   - parameters: those to start from.
  ///   - averages: what the problem's steps bring up to date beside the parameters.
  ///   - optimizer: made for as many parameters.
  public init(parameters: [Double], averages: [Double] = [], optimizer: Adam, batchSize: Int, seed: UInt64) {
    self.batchSize = batchSize
    self.seed = seed
    progress = Progress(parameters: parameters, averages: averages, optimizer: optimizer)
  }

  public var parameters: [Double] {
    get { progress.parameters }
    set { progress.parameters = newValue }
  }

  /// What the problem's steps bring up to date beside the parameters.
  public var averages: [Double] { progress.averages }

  /// Of the steps to come, with its state.
  public var optimizer: Adam {
    get { progress.optimizer }
    set { progress.optimizer = newValue }
  }

  /// The steps drawn in all rounds, those of a round that was lost included.
  public var stepCount: Int { progress.stepCount }

  /// Takes some steps. Collective.
  ///
  /// - Parameter rate: the learning rate of a step, by ``stepCount`` before it; nil for that of the optimizer.
  /// - Returns: the mean of the steps' losses; infinity when the loss, a parameter or an average left the range of
  ///   numbers. Then all is as before, but the next steps have other minibatches.
  /// - Throws: ``Failure`` when rows cannot be read or summed; then all is as before.
  public mutating func train(
    _ problem: some TrainingProblem, steps: Int, rate: ((_ step: Int) -> Double)? = nil
  ) throws -> Double {
    let sampler = MinibatchSampler(
      rowCount: problem.rows.rowCount, among: problem.trainingRows, batchSize: batchSize, seed: seed)
    let (blocks, recipients) = blocks(of: problem, batchSize: sampler.batchSize)
    let longest = MinibatchWindow.stepCount(batchSize: sampler.batchSize, width: problem.rowWidth)
    let last = stepCount + steps
    var round = Round(progress: progress)
    while round.progress.stepCount < last {
      let first = round.progress.stepCount
      let window = try MinibatchWindow(
        steps: first..<min(last, first + longest), sampler: sampler, from: problem.rows, for: recipients,
        width: problem.rowWidth, chunkCopy: problem.rowCopy)
      if case .root = recipients {
        round.numbers = try problem.rows.communicator.broadcastArray {
          try round.take(window, over: blocks, problem, rate)
          return round.numbers
        }
      } else {
        try round.take(window, over: blocks, problem, rate)
      }
      guard round.isFinite else {
        progress.stepCount = last
        return .infinity
      }
    }
    progress = round.progress
    return round.loss / Double(steps)
  }

  /// The blocks of a minibatch, which ranks share or the root takes alone.
  private func blocks(
    of problem: some TrainingProblem, batchSize: Int
  ) -> (blocks: MinibatchBlocks, recipients: Recipients) {
    let shared = MinibatchBlocks(rowCount: batchSize, communicator: problem.rows.communicator)
    guard shared.count < problem.sharedBlockCount else { return (shared, .places(shared.placesByRank)) }
    return (MinibatchBlocks(rowCount: batchSize, communicator: SoloCommunicator()), .root)
  }

  /// The steps of one call.
  private struct Round {
    var progress: Progress
    /// The sum of the steps' losses.
    var loss = 0.0

    /// All that steps change, as a message of numbers.
    var numbers: [Double] {
      get {
        [loss, Double(progress.stepCount)] + progress.parameters + progress.averages + progress.optimizer.numbers
      }
      set {
        (loss, progress.stepCount) = (newValue[0], Int(newValue[1]))
        let parameters = 2..<2 + progress.parameters.count
        let averages = parameters.upperBound..<parameters.upperBound + progress.averages.count
        progress.parameters = Array(newValue[parameters])
        progress.averages = Array(newValue[averages])
        progress.optimizer.numbers = Array(newValue[averages.upperBound...])
      }
    }

    var isFinite: Bool {
      loss.isFinite && progress.parameters.allSatisfy(\.isFinite) && progress.averages.allSatisfy(\.isFinite)
    }

    mutating func take(
      _ window: MinibatchWindow, over blocks: MinibatchBlocks, _ problem: some TrainingProblem,
      _ rate: ((_ step: Int) -> Double)?
    ) throws {
      for step in window.steps {
        if let rate { progress.optimizer.learningRate = rate(step) }
        let total = try problem.lossGradient(
          of: Minibatch(step: step, blocks: blocks, window: window), parameters: progress.parameters,
          averages: &progress.averages)
        progress.optimizer.update(&progress.parameters, gradient: total.gradient)
        progress.stepCount += 1
        loss += total.loss
      }
    }
  }
}
