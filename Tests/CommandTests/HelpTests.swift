import Foundation
import TestSupport
import Testing

/// The help texts as users read them, compared with the snapshots in `Help`.
///
/// A text that was changed on purpose is kept anew by running this suite with GIV_RECORD=1.
@Suite struct HelpTests {
  private static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().appendingPathComponent("Help")

  @Test(arguments: [
    [], ["simulate"], ["shard"], ["panel"], ["inspect"], ["train"], ["sweep"], ["predict"], ["effect"], ["spo"], ["si"],
    ["reproduce"], ["idgen"], ["idgen", "graph"], ["idgen", "check"], ["idgen", "effect"], ["idgen", "fit"],
    ["idgen", "sample"],
    ["benchmark"],
    ["benchmark", "em"],
    ["benchmark", "network"], ["benchmark", "spo"], ["benchmark", "si"], ["benchmark", "idgen"],
    ["report"], ["info"],
  ])
  func `the help of every command is the one that was kept`(command: [String]) throws {
    // The width of the terminal would fold lines elsewhere.
    let result = try run(tool("giv-dist"), command + ["--help"], environment: ["COLUMNS": "100"])
    #expect(result.exitCode == 0 && result.error.isEmpty)
    let name = command.isEmpty ? "giv-dist" : command.joined(separator: "-")
    let file = Self.folder.appendingPathComponent("\(name).txt")
    if ProcessInfo.processInfo.environment["GIV_RECORD"] != nil {
      try FileManager.default.createDirectory(at: Self.folder, withIntermediateDirectories: true)
      try Data(result.output.utf8).write(to: file)
    }
    let kept = try String(decoding: Data(contentsOf: file), as: UTF8.self)
    #expect(result.output == kept, "run this suite with GIV_RECORD=1 if the change is meant, and look at what differs")
  }
}
