import Diagnostics
@preconcurrency import Glibc

/// Standard output, of which what is printed waits in a buffer.
public enum StandardOutput {
  /// Writes what waits.
  ///
  /// - Throws: ``Failure`` `inputOutput` when that fails, or a write before it did.
  public static func flush() throws(Failure) {
    guard fflush(stdout) == 0 else {
      throw Failure(.inputOutput, "standard output: writing failed (\(String(cString: strerror(errno))))")
    }
    guard ferror(stdout) == 0 else {
      throw Failure(.inputOutput, "standard output: writing failed (the disk may be full); what is there is not whole")
    }
  }
}
