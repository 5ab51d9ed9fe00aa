import Diagnostics
import Mixture

/// One pass over the rows, as it goes into the metrics of a run.
public struct PassRecord: Sendable, Encodable {
  /// What the pass was part of: starts, search or em, and on what.
  public let phase: String
  public let pass: Int
  /// Fits that the pass served.
  public let fits: Int
  /// The best log-likelihood of the fits that have not degenerated; null when none is left.
  @NullEncoded public var logLikelihood: Double?
  /// Seconds since the run began.
  public let seconds: Double
}

/// Follows a fit pass by pass: tells the observer, and keeps checkpoints.
///
/// A fit is a fixed sequence of phases, each a run of EM from models that follow from the phases before. So the fits of
/// every phase are all that a checkpoint has to hold: on the way back finished phases are read instead of run, and the
/// one that was interrupted goes on at its last saved pass.
final class Journal {
  private let observer: (PassRecord) throws -> Void
  private let checkpoints: CheckpointStore?
  private let clock = ContinuousClock()
  private let begin = ContinuousClock().now
  /// Passes over the rows, of all phases.
  private(set) var passes = 0

  init(observer: @escaping (PassRecord) throws -> Void, checkpoints: CheckpointStore?) {
    self.observer = observer
    self.checkpoints = checkpoints
  }

  /// Runs one phase, or what is left of it.
  func run<Model>(
    _ fits: [Fit<Model>], on design: Design, _ convergence: Convergence, phase: String
  ) throws -> [Fit<Model>] {
    let resumed: [Fit<Model>]? = try checkpoints?.fits(of: phase)
    passes += resumed?.map(\.trace.count).max() ?? 0
    let finished = try design.expectationMaximization(resumed ?? fits, convergence: convergence) { fits in
      passes += 1
      let last = fits.map(\.trace.count).max() ?? 0
      try observer(
        PassRecord(
          phase: phase, pass: last - 1, fits: fits.count { $0.trace.count == last },
          logLikelihood: fits.lazy.map(\.logLikelihood).filter(\.isFinite).max(),
          seconds: begin.duration(to: clock.now).seconds))
      try checkpoints?.keep(fits, of: phase)
    }
    try checkpoints?.finish(finished, of: phase)
    return finished
  }
}
