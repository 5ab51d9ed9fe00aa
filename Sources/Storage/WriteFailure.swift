import Diagnostics
import Glibc

/// That a file cannot take what is written to it, and what to do about it.
enum WriteFailure {
  static let remedies: [Int32: String] = [
    EFBIG: "raise the limit of file sizes (ulimit -f), or write elsewhere",
    ENOSPC: "free some space, or write elsewhere", EDQUOT: "free some of your quota, or write elsewhere",
  ]

  /// - Parameter code: the number of the error.
  static func failure(_ path: String, _ code: Int32 = errno) -> Failure {
    let remedy = remedies[code].map { "; \($0)" } ?? ""
    return Failure(.inputOutput, "\(path): writing failed: \(String(cString: strerror(code)))\(remedy)")
  }
}
