import Foundation
import TestSupport
import Testing

/// `giv-dist reproduce`: tables and figures of the paper from a few cells.
extension OnRanks {
  @Suite(.inputs { _ in }) struct ReproduceCommandTests {
    private func reproduce(_ arguments: [String], ranks: Int? = nil) throws -> CommandResult {
      try givDist(["reproduce"] + arguments, ranks: ranks)
    }

    private func summary(_ name: String) throws -> String {
      try String(contentsOf: SharedInputs.folder.appendingPathComponent("\(name)/summary.csv"), encoding: .utf8)
    }

    @Test func `a table is printed beside the paper's, with the same numbers on three ranks and after a kill`() throws {
      let arguments = ["table1", "--replications", "1", "--only", "None,UAS,True,poly2sls"]
      let result = try reproduce(arguments + ["--out", "one"], ranks: 1)
      try #require(result.exitCode == 0, "\(result.error)")
      #expect(result.output.contains("[0.330]") && result.output.contains("[0.0500]"))
      #expect(result.output.contains("no better than None"))
      let expected = try summary("one")
      #expect(expected.split(separator: "\n").count == 4)
      #expect(try reproduce(arguments + ["--out", "three"], ranks: 3).exitCode == 0)
      #expect(try summary("three") == expected)

      let cells = SharedInputs.folder.appendingPathComponent("killed/cells").path
      let killed = try givDist(["reproduce"] + arguments + ["--out", "killed"], ranks: 1) { pid in
        while (try? FileManager.default.contentsOfDirectory(atPath: cells))?.contains(where: { $0.hasSuffix(".json") })
          != true
        { usleep(10_000) }
        kill(pid, SIGKILL)
      }
      #expect(killed.exitCode != 0)
      #expect(try reproduce(arguments + ["--out", "killed"]).exitCode == 73)
      #expect(try reproduce(arguments + ["--out", "killed", "--resume"]).exitCode == 0)
      #expect(try summary("killed") == expected)
    }

    @Test func `a figure has its data, a script and a picture`() throws {
      let result = try reproduce(
        ["figure5", "--replications", "1", "--only", "Bayes rule", "--out", "figure", "--json"])
      try #require(result.exitCode == 0, "\(result.error)")
      let summaries = try #require(try object(result.output)["summaries"] as? [[String: Any]])
      #expect(summaries.compactMap { $0["column"] as? String } == (2...8).map { "K=\($0)" })
      try script(
        """
        import csv, xml.etree.ElementTree as tree
        rows = list(csv.DictReader(open('figure/figure5.csv')))
        assert [row['x'] for row in rows] == [f'{k}.0' for k in range(2, 9)]
        picture = tree.parse('figure/figure5.svg').getroot()
        lines = [entry for entry in picture if entry.tag.endswith('polyline')]
        assert len(lines) == 1 and len(lines[0].attrib['points'].split()) == 7
        assert "'figure5.csv'" in open('figure/figure5.gp').read()
        """, in: SharedInputs.folder)
    }
  }
}
