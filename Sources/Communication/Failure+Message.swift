import Diagnostics

extension Failure {
  /// The failure that an error stands for: itself, or a fault of the program with the error's description.
  package init(_ error: any Error) {
    self = error as? Failure ?? Failure(.numerical, String(describing: error))
  }

  /// The failure as bytes of a message, never empty: the exit code, then the text in UTF-8.
  package var bytes: [UInt8] {
    [UInt8(truncatingIfNeeded: exitCode.rawValue)] + Array(message.utf8)
  }

  /// The failure in a message that ``bytes`` made.
  package init(bytes: [UInt8]) {
    self.init(
      bytes.first.flatMap { ExitCode(rawValue: Int32($0)) } ?? .numerical,
      String(decoding: bytes.dropFirst(), as: UTF8.self))
  }
}
