import Glibc

/// Where a path leads once links, `.` and `..` are followed: the same for all paths to one file.
package struct ResolvedPath: Hashable {
  private let text: String

  /// Nil when there is nothing at the path.
  package init?(_ path: String) {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    text = String(cString: resolved)
  }
}
