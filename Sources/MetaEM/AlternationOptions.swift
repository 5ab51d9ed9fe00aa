import Diagnostics

/// How the groups of a row weigh in a round of training.
public enum GroupAssignment: String, Sendable, Codable, CaseIterable {
  /// A row weighs in every group by its posterior.
  case posterior
  /// A row weighs in its likeliest group alone, the first of equal ones.
  case argmax
  /// A group drawn from the posterior, z_i ~ Disc(γ_i), anew in every round: the paper's.
  case sampled
}

/// How a representation by networks is learned; the numbers are the paper's unless told.
public struct AlternationOptions: Sendable, Codable, Equatable {
  /// The weight λ of the reconstruction in Eq. (4); nil stands for 1 / m.
  public var lambda: Double?
  /// The number of rounds of training after which the alternation ends in any case.
  public var rounds = 20
  /// The number of training steps of a round.
  public var steps = 200
  /// The number of rows of a minibatch; all rows when they are fewer.
  public var batchSize = 400
  public var learningRate = 1e-3
  public var assignment = GroupAssignment.posterior

  public init() {}

  /// - Throws: ``Failure`` `usage` for a number that makes no sense.
  public func validate() throws {
    func require(_ holds: Bool, _ message: String) throws { if !holds { throw Failure(.usage, message) } }
    if let lambda {
      try require(lambda >= 0 && lambda.isFinite, "--lambda must be a number from 0 on, not \(lambda)")
    }
    try require(rounds >= 1, "--rounds must be at least 1, not \(rounds)")
    try require(steps >= 1, "--steps must be at least 1, not \(steps)")
    try require(batchSize >= 1, "--batch must be at least 1, not \(batchSize)")
    try require(
      learningRate > 0 && learningRate.isFinite, "--learning-rate must be a positive number, not \(learningRate)")
  }
}

/// One round of the alternation.
public struct TrainingRound: Sendable, Codable, Equatable {
  /// The number of the round, counted from 1.
  public let round: Int
  /// The mean of Eq. (4) over the steps, per row; infinity when it left the range of numbers.
  public let loss: Double
  public let learningRate: Double
  /// The log-likelihood of the groups fitted to the new features; minus infinity when they degenerated.
  public let logLikelihood: Double
  /// Whether the features replaced those before them.
  public let isAccepted: Bool
}

/// The course of the alternation.
public struct AlternationTrace: Sendable {
  /// The log-likelihood before the first round.
  public let startLogLikelihood: Double
  public internal(set) var rounds: [TrainingRound] = []
  /// The parameters of the spline fit that `regression` starts from, and the entropy of its posteriors; nil for other
  /// distributions.
  let spline: (parameterCount: Int, entropy: Double)?

  /// Reasons to doubt what the rounds came to.
  var findings: [Finding] {
    let lost = rounds.count { !$0.loss.isFinite }
    return lost > 0 ? [Finding(.lostRounds, [.count: .count(lost), .total: .count(rounds.count)])] : []
  }

  init(startLogLikelihood: Double, spline: (parameterCount: Int, entropy: Double)? = nil) {
    self.startLogLikelihood = startLogLikelihood
    self.spline = spline
  }
}
