import Diagnostics
import Foundation

/// Files that a process opens for itself alone, as long as it has them open.
public enum FileLock {
  /// Opens a file of a folder for writing; it is made where there is none.
  ///
  /// - Throws: ``Failure`` `cannotCreate` when it cannot be opened, or is never the file of that name; `temporary` when
  ///   another process holds it.
  public static func open(_ file: String, ofOutput folder: String) throws -> FileHandle {
    for _ in 0..<mostTries {
      let descriptor = Foundation.open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else {
        throw Failure(
          .cannotCreate, "--out \(folder): no file can be written there; check its permissions and free space")
      }
      let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
      // Some file systems have no locks; there is no more to do then.
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
        throw Failure(
          .temporary, "--out \(folder): another run is going on there; wait for it, or name another folder")
      }
      // Who held it before may have removed it since it was opened: then it is nobody's.
      if isNamed(file, descriptor) { return handle }
    }
    throw Failure(
      .cannotCreate,
      "--out \(folder): the file '\(file)' is another whenever it is opened, so nothing keeps other runs away; name a "
        + "folder of another file system")
  }

  /// Others may remove the file a few times in a row; where it never is the one of its name, the file system is at fault.
  private static let mostTries = 100

  /// Gives a file up at once: a process that was forked and has not yet started its program holds it, too.
  public static func release(_ handle: FileHandle) { _ = flock(handle.fileDescriptor, LOCK_UN) }

  private static func isNamed(_ file: String, _ descriptor: Int32) -> Bool {
    var (opened, named) = (stat(), stat())
    return fstat(descriptor, &opened) == 0 && stat(file, &named) == 0
      && (opened.st_dev, opened.st_ino) == (named.st_dev, named.st_ino)
  }
}
