import Storage

/// The files that were given so far, each of which counts once.
package struct GivenFiles {
  private var paths: [ResolvedPath: String] = [:]

  package init() {}

  /// Takes note of a file; says so when it was given before, by this path or another.
  package mutating func repetition(of path: String) -> String? {
    // What does not exist is refused where it is opened.
    guard let file = ResolvedPath(path), let earlier = paths.updateValue(path, forKey: file) else { return nil }
    return "\(path) is given twice\(earlier == path ? "" : ", also as \(earlier)"); give each shard once"
  }
}
