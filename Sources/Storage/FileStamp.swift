import Diagnostics
import Glibc

/// What tells whether a file is still the one that it was: its place, size and time of the last change.
package struct FileStamp: Sendable, Equatable {
  private let device: UInt64
  private let inode: UInt64
  private let size: Int64
  private let seconds: Int
  private let nanoseconds: Int

  /// - Throws: ``Failure`` `noInput` when there is no such file, `inputOutput` when the system cannot tell.
  package init(_ path: String) throws {
    var status = stat()
    guard stat(path, &status) == 0 else {
      let reason = String(cString: strerror(errno))
      throw Failure(
        errno == ENOENT ? .noInput : .inputOutput,
        "\(path): \(reason); a table that is not in memory reads its files in every pass: leave them in place")
    }
    let time = status.st_mtim
    device = UInt64(truncatingIfNeeded: status.st_dev)
    inode = UInt64(status.st_ino)
    size = Int64(status.st_size)
    seconds = time.tv_sec
    nanoseconds = time.tv_nsec
  }

  /// Refuses a file that is another one, or was written to, since the stamp was taken.
  ///
  /// - Throws: ``Failure`` `data`.
  package func requireUnchanged(_ path: String) throws {
    let now = try FileStamp(path)
    guard now != self else { return }
    let sizes = now.size == size ? "" : " (\(size) bytes then, \(now.size) now)"
    throw Failure(
      .data, "\(path) changed while its rows were being read\(sizes); restore or write it again, and start anew")
  }
}
