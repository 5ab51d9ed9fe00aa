/// Exit codes of `giv-dist`, after sysexits.h.
public enum ExitCode: Int32, Sendable, Codable {
  /// The question has no answer in any data (a code of the program's own).
  case notIdentified = 3
  /// The command line is wrong (EX_USAGE).
  case usage = 64
  /// The input data are wrong (EX_DATAERR).
  case data = 65
  /// An input file does not exist or cannot be read (EX_NOINPUT).
  case noInput = 66
  /// A numerical failure, or a fault of the program itself (EX_SOFTWARE).
  case numerical = 70
  /// An output cannot be created (EX_CANTCREAT).
  case cannotCreate = 73
  /// Reading or writing failed (EX_IOERR).
  case inputOutput = 74
  /// Stopped, and worth trying again (EX_TEMPFAIL).
  case temporary = 75
  /// The environment is not set up (EX_CONFIG).
  case configuration = 78
}

/// The one error type that reaches a user: what is wrong, where, and the remedy, with the exit code that it ends in.
///
/// `message` names the file, dataset, row or option at fault and says what to do; it is one line without a final stop.
public struct Failure: Error, Sendable, Codable, Equatable, CustomStringConvertible {
  public let exitCode: ExitCode
  public let message: String
  /// Whether one fit cannot be made while others of the same rows may be, with fewer groups or another representation.
  public private(set) var isOfOneFit = false

  /// The message without its remedy, of a failure of one fit that has them apart.
  private var complaint: String?
  public var reason: String { complaint ?? message }

  private enum CodingKeys: CodingKey { case exitCode, message }

  public init(_ exitCode: ExitCode, _ message: String) {
    self.exitCode = exitCode
    self.message = message
  }

  /// A failure of one fit; see ``isOfOneFit``.
  ///
  /// - Parameter remedy: closes the message, after a semicolon; nil where the message says it.
  public static func ofOneFit(_ exitCode: ExitCode, _ message: String, remedy: String? = nil) -> Failure {
    var failure = Failure(exitCode, remedy.map { "\(message); \($0)" } ?? message)
    failure.complaint = message
    failure.isOfOneFit = true
    return failure
  }

  public var description: String { message }
}
