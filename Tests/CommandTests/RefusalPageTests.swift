import Foundation
import TestSupport
import Testing

/// The page of refusals in the docs, compared with what the program says to the same inputs now.
///
/// A message that was changed on purpose is kept anew by running this suite with GIV_RECORD=1.
@Suite struct RefusalPageTests {
  private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "refusals.py")
  private static let file = packageDirectory.appending(path: "Sources/MetaEM/MetaEM.docc/Refusals.md")

  @Test func `every refusal of the page has a code of its own and one line, and is the one that was kept`() throws {
    let result = try python([Self.script.path, tool("giv-dist")])
    try #require(result.exitCode == 0, "\(result.error)")
    let entries = result.output.components(separatedBy: "\n### ").dropFirst()
    #expect(entries.count > 100)
    for entry in entries {
      let lines = entry.components(separatedBy: "\n")
      let code = try #require(lines.last { $0.hasPrefix("(exit code ") }, "\(entry)")
      #expect(["64", "65", "66", "73"].map { "(exit code \($0))" }.contains(code), "\(entry)")
      // Between the last command and the exit code.
      let command = try #require(lines.lastIndex { $0.hasPrefix("$ ") }, "\(entry)")
      let end = try #require(lines.lastIndex(of: code))
      #expect(end == command + 2 && lines[command + 1].hasPrefix("giv-dist: error: "), "\(entry)")
    }
    if ProcessInfo.processInfo.environment["GIV_RECORD"] != nil {
      try Data(result.output.utf8).write(to: Self.file)
    }
    let kept = try String(decoding: Data(contentsOf: Self.file), as: UTF8.self)
    #expect(result.output == kept, "run this suite with GIV_RECORD=1 if the change is meant, and look at what differs")
  }
}
