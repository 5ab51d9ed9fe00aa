import Foundation
import TestSupport
import Testing

/// The page of refusals is what the program says, and every refusal names fault and remedy in one line.
///
/// A page that was changed on purpose is kept anew by running this suite with GIV_RECORD=1.
extension OnRanks {
  @Suite struct RefusalPageTests {
    private static let page = packageDirectory.appendingPathComponent("Sources/MetaEM/MetaEM.docc/Refusals.md")

    @Test func `the page of refusals is the one that is kept`() throws {
      let script = packageDirectory.appendingPathComponent("Tests/CommandTests/refusals.py").path
      let result = try python([script, tool("giv-dist")])
      try #require(result.exitCode == 0, "\(result.error)")
      if ProcessInfo.processInfo.environment["GIV_RECORD"] != nil { try Data(result.output.utf8).write(to: Self.page) }
      let kept = try String(decoding: Data(contentsOf: Self.page), as: UTF8.self)
      #expect(
        result.output == kept, "run this suite with GIV_RECORD=1 if the change is meant, and look at what differs")

      let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
      let codes = lines.indices.filter { lines[$0].hasPrefix("(exit code ") }
      #expect(codes.count == lines.count { $0.hasPrefix("### ") } && codes.count >= 100)
      for place in codes {
        #expect(["64", "65", "66", "73"].contains { lines[place] == "(exit code \($0))" }, "\(lines[place - 1])")
        // Behind what is wrong with the command line stands how it is used.
        let command = try #require(lines[..<place].lastIndex { $0.hasPrefix("$ ") })
        let message = lines[(command + 1)..<place]
        #expect(message.first?.hasPrefix("giv-dist: error: ") == true, "\(message)")
        #expect(message.count == 1 || message.dropFirst().first?.hasPrefix("Usage: ") == true, "\(message)")
      }
    }
  }
}
