import Diagnostics
import Glibc

/// A file that appears under its name only when it is complete: it is written beside, synced, and renamed.
///
/// If the value goes out of scope before ``commit()``, what was written is removed.
public struct AtomicFile: ~Copyable {
  /// Where to write.
  public let temporaryPath: String
  /// Where the file appears.
  public let path: String
  private let replaces: Bool

  /// - Parameter force: whether an existing file is replaced.
  /// - Throws: ``Failure`` `cannotCreate` when the file exists, its name is that of something else than a regular file,
  ///   or its folder does not exist.
  public init(_ path: String, force: Bool) throws {
    let folder = Self.folder(of: path)
    guard access(folder, F_OK) == 0 else {
      throw Failure(.cannotCreate, "\(path) cannot be created: there is no folder \(folder)")
    }
    try Self.refuseExisting(path, force: force)
    let name = path.split(separator: "/").last ?? ""
    self.path = path
    self.replaces = force
    self.temporaryPath = "\(folder)/.\(name).\(getpid()).partial"
    unlink(temporaryPath)
  }

  deinit { unlink(temporaryPath) }

  /// Makes the file durable and gives it its name.
  ///
  /// - Throws: ``Failure`` `inputOutput` when syncing or renaming fails, `cannotCreate` when the name was taken since.
  public consuming func commit() throws {
    try Self.sync(temporaryPath)
    try Self.refuseExisting(path, force: replaces)
    guard rename(temporaryPath, path) == 0 else {
      throw Failure(.inputOutput, "\(path): renaming failed: \(String(cString: strerror(errno)))")
    }
    try Self.sync(Self.folder(of: path))
  }

  /// Writes a whole file at once.
  public static func save(_ bytes: [UInt8], to path: String, force: Bool) throws {
    let file = try AtomicFile(path, force: force)
    let descriptor = open(file.temporaryPath, O_WRONLY | O_CREAT | O_EXCL, 0o666)
    guard descriptor >= 0 else {
      throw Failure(.cannotCreate, "\(path) cannot be created: \(String(cString: strerror(errno)))")
    }
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + written, $0.count - written) }
      if count < 0 {
        let failure = WriteFailure.failure(path)
        close(descriptor)
        throw failure
      }
      written += count
    }
    close(descriptor)
    try file.commit()
  }

  private static func refuseExisting(_ path: String, force: Bool) throws {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    // Renaming would put a file in the place of a device, a pipe or a link.
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw Failure(.cannotCreate, "\(path) is no regular file; name another")
    }
    guard force else {
      throw Failure(.cannotCreate, "\(path) exists; give --force to replace it, or another name")
    }
  }

  /// The folder that a path names a file of.
  package static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private static func sync(_ path: String) throws {
    let descriptor = open(path, O_RDONLY)
    guard descriptor >= 0 else { throw Failure(.inputOutput, "\(path): \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    // Folders of some file systems cannot be synced (EINVAL); there is nothing more to do then.
    guard fsync(descriptor) == 0 || errno == EINVAL else {
      throw Failure(.inputOutput, "\(path): syncing failed: \(String(cString: strerror(errno)))")
    }
  }
}
