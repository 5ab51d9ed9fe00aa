import Diagnostics
import Glibc

/// Files that are read at once.
package enum WholeFile {
  /// The bytes of a file; nil when there is none of that name.
  ///
  /// - Throws: ``Failure`` `noInput` when it may not be read, `inputOutput` when reading fails: neither says anything of
  ///   its content.
  package static func bytes(_ path: String) throws -> [UInt8]? {
    guard access(path, F_OK) == 0 || errno != ENOENT else { return nil }
    try FileKind.requireRegular(path)
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw Failure(.noInput, "\(path): \(String(cString: strerror(errno))); make the file readable")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(path) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(status.st_size))
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = piece.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count < 0 { throw failure(path) }
      if count == 0 { return bytes }
      bytes.append(contentsOf: piece[..<count])
    }
  }

  private static func failure(_ path: String) -> Failure {
    Failure(.inputOutput, "\(path): reading failed: \(String(cString: strerror(errno)))")
  }
}
