import Diagnostics
import Glibc

/// Standard error, unbuffered: nothing is lost when the process ends right after.
enum ErrorOutput {
  static func write(_ failure: Failure) {
    let line = Array("giv-dist: error: \(failure.message)\n".utf8)
    _ = Glibc.write(STDERR_FILENO, line, line.count)
  }
}
