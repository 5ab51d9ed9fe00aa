import Diagnostics
import Glibc

/// A text file that is written piece by piece, and appears under its name when it is complete.
public final class TextOutput {
  private var file: AtomicFile?
  private let path: String
  private let descriptor: Int32

  /// - Throws: ``Failure`` `cannotCreate`.
  public init(_ path: String, force: Bool) throws {
    let file = try AtomicFile(path, force: force)
    descriptor = open(file.temporaryPath, O_WRONLY | O_CREAT | O_EXCL, 0o666)
    guard descriptor >= 0 else {
      throw Failure(.cannotCreate, "\(path) cannot be created: \(String(cString: strerror(errno)))")
    }
    self.path = path
    self.file = consume file
  }

  deinit { close(descriptor) }

  /// Writes what comes next.
  ///
  /// - Throws: ``Failure`` `inputOutput`.
  public func append(_ text: ArraySlice<UInt8>) throws {
    var rest = text
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      guard count >= 0 else { throw WriteFailure.failure(path) }
      rest = rest.dropFirst(count)
    }
  }

  /// Gives the file its name. Nothing is written after that.
  public func commit() throws {
    guard let file = file.take() else { preconditionFailure("the file is complete") }
    try file.commit()
  }
}
