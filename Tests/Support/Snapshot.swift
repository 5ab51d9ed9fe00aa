import Foundation

/// What a kept file says that a text must be; with GIV_SNAPSHOTS=write in the environment the text is kept instead.
///
/// - Parameter name: the file, from the folder Tests.
/// - Returns: the file's text; nothing when there is no such file.
public func snapshot(_ name: String, of text: String) throws -> String {
  let file = packageDirectory.appendingPathComponent("Tests/\(name)")
  if ProcessInfo.processInfo.environment["GIV_SNAPSHOTS"] == "write" {
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }
  return (try? String(contentsOf: file, encoding: .utf8)) ?? ""
}
