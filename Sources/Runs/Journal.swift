import Diagnostics
import Storage

/// One pass over the rows, or round of training, as it goes into the metrics of a run.
public struct PassRecord: Sendable, Encodable {
  /// What the pass was part of: starts, search or em, and on what.
  public package(set) var phase: String
  /// From zero; of a round, its number.
  public let pass: Int
  /// Fits that the pass served.
  public let fits: Int
  /// The best log-likelihood of the fits that have not degenerated; null when none is left.
  @NullEncoded public var logLikelihood: Double?
  /// Seconds since the run began.
  public package(set) var seconds: Double
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

  /// A round of training.
  package init(round: Int, loss: Double, isAccepted: Bool, logLikelihood: Double, seconds: Double) {
    self.init(phase: "round", pass: round, fits: 1, logLikelihood: logLikelihood, seconds: seconds)
    self.round = round
    self.loss = loss.isFinite ? loss : nil
    accepted = isAccepted
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
  package private(set) var passes = 0
  /// What the names of phases begin with in the step that is under way.
  private var scope = ""
  /// How often each name of a phase was used.
  private var uses: [String: Int] = [:]

  /// - Parameter observer: told of every pass.
  public init(observer: @escaping (PassRecord) throws -> Void = { _ in }, checkpoints: CheckpointStore? = nil) {
    self.observer = observer
    self.checkpoints = checkpoints
  }

  /// What is kept of a step.
  private struct Step<Outcome: Codable>: Codable {
    let outcome: Outcome
    let passes: Int
  }

  /// Runs a step, with or without phases of its own, unless it was done before.
  package func step<Outcome: Codable>(_ name: String, _ body: () throws -> Outcome) throws -> Outcome {
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
  ///
  /// - Parameter record: what the round came to, `seconds` after the run began.
  package func end<Round: Codable>(_ round: Round, record: (_ seconds: Double) -> PassRecord) throws {
    let phase = unique("round")
    passes += 1
    let kept: Round? = try checkpoints?.state(of: phase)
    guard kept == nil else { return }
    try observer(record(begin.duration(to: clock.now).seconds))
    try checkpoints?.finish(round, of: phase)
    try checkpoints?.keep(round, of: phase)
  }

  /// What a phase has come to, as its state tells it.
  package struct Progress {
    /// Passes that the phase has had.
    let passes: Int
    /// Fits that the last of them served.
    let fits: Int
    /// The best log-likelihood of the fits.
    let logLikelihood: Double

    package init(passes: Int, fits: Int, logLikelihood: Double) {
      self.passes = passes
      self.fits = fits
      self.logLikelihood = logLikelihood
    }
  }

  /// Runs a phase, or what is left of it.
  ///
  /// - Parameters:
  ///   - progress: what a state says of the passes so far.
  ///   - body: goes on from a state to the end, and tells of every pass.
  package func run<State: Codable>(
    _ name: String, from start: State, progress: @escaping (State) -> Progress,
    _ body: (State, (State) throws -> Void) throws -> State
  ) throws -> State {
    let phase = unique(name)
    let resumed: State? = try checkpoints?.state(of: phase)
    passes += resumed.map(progress)?.passes ?? 0
    let finished = try body(resumed ?? start) { state in
      passes += 1
      let current = progress(state)
      try observer(
        PassRecord(
          phase: phase, pass: current.passes - 1, fits: current.fits, logLikelihood: current.logLikelihood,
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
