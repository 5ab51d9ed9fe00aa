import Frames

/// What learns something from rows: its options, its result, and the way from one to the other.
///
/// The file of an estimator shows that way in the terms of its paper. It names no file, no rank and no flag: rows come
/// from the frame, loops and steps go through the journal of the run, and who calls it writes what it returns.
public protocol Estimator {
  /// Everything that determines the result besides the rows.
  associatedtype Options: Codable & Equatable & Sendable
  associatedtype Result: Sendable

  var options: Options { get }

  /// Learns from all rows. Collective.
  ///
  /// - Parameter run: open; what is to be interrupted and gone on with runs in its journal.
  /// - Throws: on all ranks the same ``Failure``.
  func fit(_ frame: Frame, in run: Run) throws -> Result
}

extension Estimator {
  /// Opens a run of the estimator's options on the rows, and fits. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure``; see ``Run/open(_:inputDigest:)``.
  public func run(on frame: Frame, in run: Run = Run()) throws -> Result {
    try run.open(options, inputDigest: frame.digest)
    return try fit(frame, in: run)
  }
}
