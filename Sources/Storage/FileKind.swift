import Diagnostics
import Glibc

/// What lies at a path, found out without opening it: opening a pipe waits for somebody who writes to it.
package enum FileKind: Equatable {
  case regular
  case folder
  /// A named pipe, a process substitution, or a socket.
  case pipe
  /// A terminal, a disk, `/dev/null`.
  case device

  /// - Throws: ``Failure`` `noInput` when there is nothing at the path.
  package init(_ path: String) throws {
    var status = stat()
    guard stat(path, &status) == 0 else {
      let reason = String(cString: strerror(errno))
      // Ranks inherit no files from the shell that started them.
      let remedy =
        path.hasPrefix("/dev/fd/") || path.hasPrefix("/proc/")
        ? "under mpirun, give a file, or a pipe by /dev/stdin" : "check the path"
      throw Failure(.noInput, "\(path): \(reason); \(remedy)")
    }
    self =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .regular
      case S_IFDIR: .folder
      case S_IFIFO, S_IFSOCK: .pipe
      default: .device
      }
  }

  private var words: String {
    switch self {
    case .regular: "a file"
    case .folder: "a folder"
    case .pipe: "a pipe"
    case .device: "a device"
    }
  }

  private var remedy: String {
    switch self {
    case .regular, .device: "name a file"
    case .folder: "name the files in it"
    case .pipe: "copy what it gives into a file, and name that"
    }
  }

  /// Refuses at once what cannot be read at any place and more than once.
  ///
  /// - Throws: ``Failure`` `noInput` that says what the path leads to instead.
  package static func requireRegular(_ path: String, as wanted: String = "a file") throws {
    let kind = try FileKind(path)
    guard kind != .regular else { return }
    throw Failure(.noInput, "\(path) is \(kind.words), not \(wanted); \(kind.remedy)")
  }
}
