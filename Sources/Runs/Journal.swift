/// Follows a fit pass by pass: tells the observer, and keeps checkpoints.
///
/// A fit is a fixed sequence of phases, each of which follows from the phases before: a loop of passes over the rows, or a
/// round of a network's training. So the states of the phases are all that a checkpoint has to hold: on the way back
/// finished phases are read instead of run, and the one that was interrupted goes on at its last saved pass. Of a phase
/// that has ended only its outcome is kept. Phases of which only one outcome matters later, such as those of a bootstrap
/// replicate, are a step: once it is done its outcome is kept in place of all of theirs.
///
/// All ranks of a fit call the same members in the same order; every call is collective.
public final class Journal {
  private let observer: (PassRecord) throws -> Void
  private let checkpoints: CheckpointStore?
  private let phases: Phases?
  private let clock = ContinuousClock()
  private let begin = ContinuousClock().now
  /// The number of passes over the rows, of all phases.
  public private(set) var passes = 0
  /// What the names of phases begin with in the step that is under way.
  private var scope = ""
  /// How often each name of a phase was used.
  private var uses: [String: Int] = [:]

  /// - Parameters:
  ///   - observer: told of every pass.
  ///   - phases: given the time of every phase and step, by the name that they all have in common.
  public init(
    observer: @escaping (PassRecord) throws -> Void = { _ in }, checkpoints: CheckpointStore? = nil,
    phases: Phases? = nil
  ) {
    self.observer = { record in
      phases?.count(record)
      try observer(record)
    }
    self.checkpoints = checkpoints
    self.phases = phases
  }

  /// Times a phase of which nothing is kept: what is made ready between others. Those of a step are part of it.
  package func timed<Value>(_ name: String, _ body: () throws -> Value) throws -> Value {
    guard let phases, scope.isEmpty else { return try body() }
    return try phases.within(name, body)
  }

  /// What is kept of a phase or step: where it stands, or what it has come to.
  private enum Kept<State: Codable, Outcome: Codable>: Codable {
    case running(State)
    case finished(Outcome, passes: Int)
  }

  /// Runs a step, with or without phases of its own, unless it was done before.
  public func step<Outcome: Codable>(_ name: String, _ body: () throws -> Outcome) throws -> Outcome {
    typealias Kept = Journal.Kept<Never, Outcome>
    let phase = unique(name)
    if case .finished(let outcome, let passes)? = try checkpoints?.state(of: phase) as Kept? {
      self.passes += passes
      return outcome
    }
    let (outer, earlierPasses) = (scope, passes)
    let outcome = try timed(name) {
      scope = "\(phase): "
      defer { scope = outer }
      return try body()
    }
    try checkpoints?.finish(
      Kept.finished(outcome, passes: passes - earlierPasses), of: phase, inPlaceOf: "\(phase): ")
    return outcome
  }

  /// Tells of a round that has ended and keeps it, unless that was done before.
  ///
  /// - Parameter record: what the round came to, `seconds` after the run began.
  public func end<Round: Codable>(_ round: Round, record: (_ seconds: Double) -> PassRecord) throws {
    let phase = unique("round")
    passes += 1
    let kept: Round? = try checkpoints?.state(of: phase)
    guard kept == nil else { return }
    try observer(record(begin.duration(to: clock.now).seconds))
    try checkpoints?.finish(round, of: phase)
    try checkpoints?.keep(round, of: phase)
  }

  /// What a phase has come to, as its state tells it.
  public struct Progress: Sendable {
    /// Passes that the phase has had.
    let passes: Int
    let values: [String: PassRecord.Value]
    let remaining: RemainingPasses?

    /// - Parameters:
    ///   - values: what the record of the last pass tells.
    ///   - remaining: the passes that follow, for people who wait; nil where that is not known.
    public init(passes: Int, values: [String: PassRecord.Value] = [:], remaining: RemainingPasses? = nil) {
      self.passes = passes
      self.values = values
      self.remaining = remaining
    }
  }

  /// Runs a phase, or what is left of it.
  ///
  /// - Parameters:
  ///   - progress: what a state says of the passes so far.
  ///   - outcome: what later phases need of the last state; it alone is kept when the phase has ended.
  ///   - body: goes on from a state to the end, and tells of every pass.
  public func run<State: Codable, Outcome: Codable>(
    _ name: String, from start: State, progress: @escaping (State) -> Progress, outcome: (State) -> Outcome,
    _ body: (State, (State) throws -> Void) throws -> State
  ) throws -> Outcome {
    typealias Kept = Journal.Kept<State, Outcome>
    let phase = unique(name)
    var current = start
    switch try checkpoints?.state(of: phase) as Kept? {
    case .finished(let outcome, let passes)?:
      self.passes += passes
      return outcome
    case .running(let state)?:
      passes += progress(state).passes
      current = state
    case nil: break
    }
    let finished = try timed(name) {
      try body(current) { state in
        passes += 1
        let progress = progress(state)
        try observer(
          PassRecord(
            phase: phase, pass: progress.passes - 1, seconds: begin.duration(to: clock.now).seconds,
            values: progress.values, remaining: progress.remaining))
        try checkpoints?.keep(Kept.running(state), of: phase)
      }
    }
    let result = outcome(finished)
    try checkpoints?.finish(Kept.finished(result, passes: progress(finished).passes), of: phase)
    return result
  }

  /// Runs a phase whose last state is its outcome, or what is left of it.
  public func run<State: Codable>(
    _ name: String, from start: State, progress: @escaping (State) -> Progress,
    _ body: (State, (State) throws -> Void) throws -> State
  ) throws -> State {
    try run(name, from: start, progress: progress, outcome: { $0 }, body)
  }

  /// A name of its own for a phase: the second of a name is "name 2". The phases of a fit always come in one order.
  private func unique(_ name: String) -> String {
    let name = scope + name
    uses[name, default: 0] += 1
    let use = uses[name]!
    return use == 1 ? name : "\(name) \(use)"
  }
}
