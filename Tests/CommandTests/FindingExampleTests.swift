import Diagnostics
import Foundation
import TestSupport
import Testing

/// A comment that names findings, and the commands below it.
private struct FindingExample: Sendable, CustomTestStringConvertible {
  let codes: [String]
  let commands: String

  var testDescription: String { codes.joined(separator: ", ") }
}

private let blocks: [String] = {
  let path = "Sources/MetaEM/MetaEM.docc/Findings.md"
  let page = (try? String(contentsOf: packageDirectory.appending(path: path), encoding: .utf8)) ?? ""
  return page.components(separatedBy: "```sh\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
}()

/// Functions of the shell, which stand before the first example of a block.
private let functions = blocks.filter { !$0.hasPrefix("# ") }
  .map { $0.components(separatedBy: "\n# ")[0] + "\n" }.joined()

private let examples: [FindingExample] = blocks.flatMap { block in
  block.components(separatedBy: "\n# ").flatMap { part -> [FindingExample] in
    let part = part.hasPrefix("# ") ? String(part.dropFirst(2)) : part
    let lines = part.split(separator: "\n", maxSplits: 1).map(String.init)
    guard lines.count == 2, lines[0].wholeMatch(of: /[a-z][a-z-]+(, [a-z-]+)*/) != nil else { return [] }
    return [FindingExample(codes: lines[0].components(separatedBy: ", "), commands: lines[1])]
  }
}

/// The page of findings: its examples raise what they say. They share a folder, since some go on with the rows of others.
extension OnRanks {
  @Suite(.inputs { _ in }) struct FindingExampleTests {
    @Test func `every finding has an example, but one that only rounding raises`() {
      let all = Set(Finding.Code.allCases.map(\.rawValue))
      #expect(Set(examples.flatMap(\.codes)) == all.subtracting(["collinear-share-columns"]))
    }

    @Test func `the examples raise the findings that they are of`() throws {
      let program = URL(filePath: tool("giv-dist")).deletingLastPathComponent().path
      let tools = packageDirectory.appending(path: ".venv/bin").path
      let path = "\(program):\(tools):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
      for example in examples {
        let result = try run(
          "bash", ["-e", "-c", functions + example.commands], environment: ["PATH": path],
          directory: SharedInputs.folder)
        #expect(result.exitCode == 0, "\(example.testDescription): \(result.error)")
        let printed = try object(String(result.output.split(separator: "\n").last ?? "") + "\n")
        let findings = try #require(printed["findings"] as? [[String: Any]])
        let codes = findings.compactMap { $0["code"] as? String }
        #expect(Set(codes).isSuperset(of: example.codes), "\(example.testDescription): \(codes)")
      }
    }
  }
}
