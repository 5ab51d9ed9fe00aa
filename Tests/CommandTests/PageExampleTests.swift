import Foundation
import TestSupport
import Testing

/// What a page shows of a terminal: commands, and the lines that it says they print.
private struct PageExample: Sendable, CustomTestStringConvertible {
  let page: String
  let heading: String
  /// Blocks of a shell, in order, each with the block of what it prints, if the page shows one.
  let steps: [(commands: String, shown: [String])]

  var testDescription: String { "\(page): \(heading)" }

  /// The examples of a page, one for each of its headings of the second or third order that `isChosen`.
  static func all(in page: String, where isChosen: (String) -> Bool = { _ in true }) -> [PageExample] {
    guard let text = try? String(contentsOf: packageDirectory.appending(path: page), encoding: .utf8) else { return [] }
    var sections: [(heading: String, blocks: [(kind: String, text: String)])] = [("", [])]
    var block: (kind: String, lines: [String])?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      if line.hasPrefix("```") {
        if let ended = block {
          sections[sections.count - 1].blocks.append((ended.kind, ended.lines.joined(separator: "\n")))
          block = nil
        } else {
          block = (String(line.dropFirst(3)), [])
        }
      } else if block != nil {
        block!.lines.append(line)
      } else if line.hasPrefix("#") {
        sections.append((String(line.drop { $0 == "#" || $0 == " " }), []))
      }
    }
    return sections.filter { isChosen($0.heading) && $0.blocks.contains { $0.kind == "sh" } }.map { section in
      var steps: [(commands: String, shown: [String])] = []
      for (kind, text) in section.blocks {
        if kind == "sh" {
          steps.append((text, []))
        } else if kind.isEmpty, !steps.isEmpty {
          steps[steps.count - 1].shown += text.split(separator: "\n").map(String.init)
        }
      }
      return PageExample(page: page, heading: section.heading, steps: steps)
    }
  }
}

/// Pages whose shell blocks are run as they stand, with the program on the `PATH`.
private let guides = "Sources/MetaEM/MetaEM.docc"
private let examples: [PageExample] =
  PageExample.all(in: "README.md") { $0 == "The effect of the treatment" }
  + PageExample.all(in: "\(guides)/Guides/Proxies.md")
  + PageExample.all(in: "\(guides)/Guides/Panels.md")
  + PageExample.all(in: "\(guides)/Guides/GraphQuestions.md")
  + PageExample.all(in: "\(guides)/GraphsWhenTheyFail.md")
private let tutorial = PageExample.all(in: "\(guides)/Tutorials/FromShardsToAnEffect.md")

extension OnRanks {
  @Suite(.inputs { _ in }) struct PageExampleTests {
    /// Runs the steps in a folder of their own, and demands that what the page shows is among what they print.
    private func follow(_ steps: [(commands: String, shown: [String])], in folder: URL) throws {
      let program = URL(filePath: tool("giv-dist")).deletingLastPathComponent().path
      let path = "\(program):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
      for (commands, shown) in steps {
        let result = try run(
          "/bin/sh", ["-e", "-c", commands], environment: ["PATH": path], directory: folder, timeout: 600)
        #expect(result.exitCode == 0, "\(commands): \(result.error)")
        let said = Set(result.output.split(separator: "\n").map(Self.timeless))
        for line in shown where !line.contains("…") {
          #expect(said.contains(Self.timeless(line[...])), "\(line)\nis not among\n\(result.output)")
        }
      }
    }

    /// A line without what a clock told.
    private static func timeless(_ line: Substring) -> String {
      line.replacing(/[0-9.]+ (s|ms)\b/, with: "# s").trimmingCharacters(in: .whitespaces)
    }

    private func folder() throws -> URL {
      let folder = SharedInputs.folder.appending(path: UUID().uuidString)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(
        at: folder.appending(path: "Tests"), withDestinationURL: packageDirectory.appending(path: "Tests"))
      return folder
    }

    @Test func `the pages have the examples that are to be run`() {
      #expect(examples.map(\.page).count >= 4 && tutorial.flatMap(\.steps).count >= 5)
    }

    @Test(arguments: examples) fileprivate func `an example prints what its page shows`(example: PageExample) throws {
      try follow(example.steps, in: folder())
    }

    @Test func `the tutorial works from its first block to its last`() throws {
      try follow(tutorial.flatMap(\.steps), in: folder())
    }
  }
}
