import Diagnostics
import Glibc

/// An input that can be opened more than once: a file where it lies, or a copy of what a pipe gave.
///
/// The copy is a file without a name in `$TMPDIR`, else `/tmp`, so that it is gone with the process however that ends.
package final class InputFile {
  /// As it was given, for messages.
  package let path: String
  /// Where to open it.
  package let location: String
  /// The copy of a pipe; -1 for a file.
  private let spool: Int32

  /// - Throws: ``Failure`` `noInput` when there is no such file, or it is a folder or device; `data` when HDF5 comes
  ///   through a pipe; `inputOutput` when the copy cannot be written.
  package init(_ path: String) throws {
    self.path = path
    guard try FileKind(path) == .pipe else {
      try FileKind.requireRegular(path)
      location = path
      spool = -1
      return
    }
    spool = try Self.copy(pipe: path)
    location = "/proc/self/fd/\(spool)"
  }

  deinit {
    if spool >= 0 { close(spool) }
  }

  private static func copy(pipe path: String) throws -> Int32 {
    let pipe = open(path, O_RDONLY | O_CLOEXEC)
    guard pipe >= 0 else { throw Failure(.noInput, "\(path): \(String(cString: strerror(errno)))") }
    defer { close(pipe) }
    let folder = getenv("TMPDIR").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    var template = Array("\(folder)/giv-dist-XXXXXX".utf8CString)
    let spool = mkstemp(&template)
    guard spool >= 0 else { throw failure(path, folder, "cannot be created") }
    unlink(template)
    _ = fcntl(spool, F_SETFD, FD_CLOEXEC)
    do {
      try copy(from: pipe, to: spool, path, folder)
      return spool
    } catch {
      close(spool)
      throw error
    }
  }

  private static func copy(from pipe: Int32, to spool: Int32, _ path: String, _ folder: String) throws {
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { piece.deallocate() }
    var isFirst = true
    while true {
      let count = try readFully(pipe, into: piece, named: path)
      if isFirst && FileSignature(UnsafeRawBufferPointer(rebasing: piece[..<count])) == .hdf5 {
        throw Failure(.data, "\(path) is a pipe that gives HDF5, which is read in no fixed order; copy it into a file")
      }
      isFirst = false
      var written = 0
      while written < count {
        let more = write(spool, piece.baseAddress! + written, count - written)
        if more < 0 && errno == EINTR { continue }
        guard more >= 0 else { throw failure(path, folder, "cannot be written") }
        written += more
      }
      if count < piece.count { return }
    }
  }

  private static func failure(_ path: String, _ folder: String, _ what: String) -> Failure {
    Failure(
      .inputOutput,
      "\(path) is a pipe, and its copy in \(folder) \(what): \(String(cString: strerror(errno))); name a folder with "
        + "room for it in TMPDIR")
  }
}

/// Reads until the buffer is full or the input ends; returns the number of bytes.
///
/// - Throws: ``Failure`` `inputOutput`.
package func readFully(
  _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, named path: String
) throws -> Int {
  var filled = 0
  while filled < buffer.count {
    let count = read(descriptor, buffer.baseAddress! + filled, buffer.count - filled)
    if count < 0 && errno == EINTR { continue }
    guard count >= 0 else { throw Failure(.inputOutput, "\(path): \(String(cString: strerror(errno)))") }
    if count == 0 { break }
    filled += count
  }
  return filled
}
