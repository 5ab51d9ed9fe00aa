import Diagnostics
import Glibc

/// Standard error, unbuffered: nothing is lost when the process ends right after.
public enum ErrorOutput {
  public static func write(_ failure: Failure) { write(failure.message) }

  /// Writes a message after all that was printed before: both may go to one file.
  public static func write(_ message: String) {
    fflush(nil)
    let line = Array("giv-dist: error: \(message)\n".utf8)
    _ = Glibc.write(STDERR_FILENO, line, line.count)
  }
}
