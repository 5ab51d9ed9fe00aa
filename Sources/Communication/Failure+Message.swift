import Diagnostics

extension Failure {
  /// The failure that an error stands for: itself, or a fault of the program with the error's description.
  package init(_ error: any Error) {
    self = error as? Failure ?? Failure(.numerical, String(describing: error))
  }

  /// The failure as bytes of a message, never empty: the exit code, whether it is of one fit, then the text in UTF-8.
  package var bytes: [UInt8] {
    [UInt8(truncatingIfNeeded: exitCode.rawValue), isOfOneFit ? 1 : 0] + Array(message.utf8)
  }

  /// The failure in a message that ``bytes`` made.
  package init(bytes: [UInt8]) {
    let exitCode = bytes.first.flatMap { ExitCode(rawValue: Int32($0)) } ?? .numerical
    let message = String(decoding: bytes.dropFirst(2), as: UTF8.self)
    self = bytes.dropFirst().first == 1 ? .ofOneFit(exitCode, message) : Failure(exitCode, message)
  }
}
