import Foundation
import TestSupport
import Testing

private func page() throws -> String {
  let path = "Sources/MetaEM/MetaEM.docc/ReadingResults.md"
  return try String(contentsOf: packageDirectory.appending(path: path), encoding: .utf8)
}

/// The words of the commands of the page, without the program.
private func commands() throws -> [[String]] {
  try page().split(separator: "\n").filter { $0.hasPrefix("    giv-dist ") }
    .map { $0.split(separator: " ").dropFirst().map(String.init) }
}

/// The page on reading results in other languages: what it shows is run, in a folder that its own commands made.
extension OnRanks {
  @Suite(
    .inputs { folder in
      for command in try commands() {
        let result = try givDist(command, in: folder)
        try #require(result.exitCode == 0, "\(result.error)")
      }
    }) struct ReadingResultsTests
  {
    @Test(arguments: [("python", ".venv/bin/python"), ("r", "Rscript")])
    func `the code of the page reads the files`(language: String, program: String) throws {
      let blocks = try page().components(separatedBy: "```\(language)\n").dropFirst()
        .map { $0.components(separatedBy: "```")[0] }
      try #require(blocks.count == 1)
      let file = SharedInputs.folder.appending(path: "page.\(language)")
      try blocks[0].write(to: file, atomically: true, encoding: .utf8)
      let tool = program.contains("/") ? packageDirectory.appending(path: program).path : program
      let result = try run(tool, [file.path], directory: SharedInputs.folder)
      #expect(result.exitCode == 0, "\(result.error)")
      // The digits that any rounding leaves.
      let estimate = try script("print(repr(float(h5py.File('effect/effect.h5')['methods/hful/coefficients'][0]))[:5])")
      #expect(result.output.contains(estimate.trimmingCharacters(in: .whitespacesAndNewlines)), "\(result.output)")
    }
  }
}
