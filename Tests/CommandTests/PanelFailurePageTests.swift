import Foundation
import TestSupport
import Testing

/// The page of panels that fail shows what the program says; bench/si_failures.py writes it.
@Suite(.inputs { _ in }) struct PanelFailurePageTests {
  private struct Example: CustomTestStringConvertible {
    let title: String
    let commands: [String]
    let shown: [String]

    var testDescription: String { title }
  }

  private static let examples: [Example] = {
    let page = packageDirectory.appending(path: "Sources/MetaEM/MetaEM.docc/PanelsWhenTheyFail.md")
    return (try? String(contentsOf: page, encoding: .utf8))?.components(separatedBy: "\n## ").dropFirst(2).map {
      section in
      let lines = section.components(separatedBy: "```")[1].split(separator: "\n").map(String.init)
      let prompt = "$ giv-dist "
      return Example(
        title: String(section.prefix { $0 != "\n" }),
        commands: lines.filter { $0.hasPrefix(prompt) }.map { String($0.dropFirst(prompt.count)) },
        shown: lines.filter { !$0.hasPrefix(prompt) && !$0.hasPrefix("  (truth") })
    } ?? []
  }()

  @Test func `the page shows the failures that are to be shown`() {
    #expect(
      Self.examples.map(\.title) == [
        "Nothing is wrong", "A new factor", "A target out of the span", "Too few donors", "The rank misjudged",
        "One bad donor", "Starts within the windows", "Spillover onto donors",
      ])
  }

  @Test(arguments: examples) private func `what is shown is what is said`(example: Example) throws {
    let folder = SharedInputs.folder.appending(path: example.title)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let results = try example.commands.map { try givDist($0.split(separator: " ").map(String.init), in: folder) }
    try #require(results.count == 2 && results.allSatisfy { $0.exitCode == 0 }, "\(results.map(\.error))")
    let said = Set(results[1].output.split(separator: "\n").map(String.init))
    for line in example.shown { #expect(said.contains(line), "\(line)\n\(results[1].output)") }
  }
}
