import Diagnostics
import Mixture

/// One pass over the rows, or round of training, as it goes into the metrics of a run.
public struct PassRecord: Sendable, Encodable {
  /// What the pass was part of: starts, search or em, and on what.
  public internal(set) var phase: String
  /// From zero; of a round, its number.
  public let pass: Int
  /// Fits that the pass served.
  public let fits: Int
  /// The best log-likelihood of the fits that have not degenerated; null when none is left.
  @NullEncoded public var logLikelihood: Double?
  /// Seconds since the run began.
  public internal(set) var seconds: Double
  // Of a round only; no loss when it left the range of numbers.
  public private(set) var round: Int?
  public private(set) var loss: Double?
  public private(set) var accepted: Bool?

  init(phase: String, pass: Int, fits: Int, logLikelihood: Double?, seconds: Double) {
    self.phase = phase
    self.pass = pass
    self.fits = fits
    _logLikelihood = NullEncoded(wrappedValue: logLikelihood)
    self.seconds = seconds
  }

  init(_ training: TrainingRound, seconds: Double) {
    self.init(
      phase: "round", pass: training.round, fits: 1, logLikelihood: training.logLikelihood, seconds: seconds)
    round = training.round
    loss = training.loss.isFinite ? training.loss : nil
    accepted = training.isAccepted
  }
}

/// Follows a fit pass by pass: tells the observer, and keeps checkpoints.
///
/// A fit is a fixed sequence of phases, each of which follows from the phases before: a run of EM from several models, or
/// a round of a network's training. So the states of the phases are all that a checkpoint has to hold: on the way back
/// finished phases are read instead of run, and the one that was interrupted goes on at its last saved pass. Phases of
/// which only one outcome matters later, such as those of a bootstrap replicate, are a step: once it is done its outcome
/// is kept in place of their states.
public final class Journal {
  private let observer: (PassRecord) throws -> Void
  private let checkpoints: CheckpointStore?
  private let clock = ContinuousClock()
  private let begin = ContinuousClock().now
  /// Passes over the rows, of all phases.
  private(set) var passes = 0
  /// What the names of phases begin with in the step that is under way.
  private var scope = ""
  /// How often each name of a phase was used.
  private var uses: [String: Int] = [:]

  /// - Parameter observer: told of every pass.
  public init(observer: @escaping (PassRecord) throws -> Void = { _ in }, checkpoints: CheckpointStore? = nil) {
    self.observer = observer
    self.checkpoints = checkpoints
  }

  /// Runs EM from several models as one phase, or what is left of it.
  func run<Model>(
    _ fits: [Fit<Model>], on design: Design, _ convergence: Convergence, phase: String
  ) throws -> [Fit<Model>] {
    try run(phase, from: fits, fits: \.self) { fits, afterPass in
      try design.expectationMaximization(fits, convergence: convergence, afterPass: afterPass)
    }
  }

  /// Runs accelerated EM from several joint models as one phase, or what is left of it.
  func run(
    accelerated fits: [Fit<JointMixture>], on design: Design, _ convergence: Convergence, phase: String
  ) throws -> [Fit<JointMixture>] {
    try run(phase, from: fits.map(JointAcceleration.init), fits: \.fits) { runs, afterPass in
      try design.acceleratedMaximization(runs, convergence: convergence, afterPass: afterPass)
    }.map(\.finished)
  }

  /// What is kept of a step.
  private struct Step<Outcome: Codable>: Codable {
    let outcome: Outcome
    let passes: Int
  }

  /// Runs a step, with or without phases of its own, unless it was done before.
  func step<Outcome: Codable>(_ name: String, _ body: () throws -> Outcome) throws -> Outcome {
    let phase = unique(name)
    if let done: Step<Outcome> = try checkpoints?.state(of: phase) {
      passes += done.passes
      return done.outcome
    }
    let (outer, earlierPasses) = (scope, passes)
    scope = "\(phase): "
    defer { scope = outer }
    let outcome = try body()
    try checkpoints?.finish(
      Step(outcome: outcome, passes: passes - earlierPasses), of: phase, inPlaceOf: "\(phase): ")
    return outcome
  }

  /// Tells of a round that has ended and keeps it, unless that was done before.
  func end(_ round: TrainingRound) throws {
    let phase = unique("round")
    passes += 1
    let kept: TrainingRound? = try checkpoints?.state(of: phase)
    guard kept == nil else { return }
    try observer(PassRecord(round, seconds: begin.duration(to: clock.now).seconds))
    try checkpoints?.finish(round, of: phase)
    try checkpoints?.keep(round, of: phase)
  }

  private func run<State: Codable, Model>(
    _ name: String, from start: State, fits: KeyPath<State, [Fit<Model>]>,
    _ body: (State, (State) throws -> Void) throws -> State
  ) throws -> State {
    let phase = unique(name)
    let resumed: State? = try checkpoints?.state(of: phase)
    passes += resumed?[keyPath: fits].map(\.trace.count).max() ?? 0
    let finished = try body(resumed ?? start) { state in
      passes += 1
      let current = state[keyPath: fits]
      let last = current.map(\.trace.count).max() ?? 0
      try observer(
        PassRecord(
          phase: phase, pass: last - 1, fits: current.count { $0.trace.count == last },
          logLikelihood: current.map(\.logLikelihood).max() ?? -.infinity,
          seconds: begin.duration(to: clock.now).seconds))
      try checkpoints?.keep(state, of: phase)
    }
    try checkpoints?.finish(finished, of: phase)
    return finished
  }

  /// A name of its own for a phase: the second of a name is "name 2". The phases of a fit always come in one order.
  private func unique(_ name: String) -> String {
    let name = scope + name
    uses[name, default: 0] += 1
    let use = uses[name]!
    return use == 1 ? name : "\(name) \(use)"
  }
}

extension [JointAcceleration] {
  fileprivate var fits: [Fit<JointMixture>] { map(\.fit) }
}
