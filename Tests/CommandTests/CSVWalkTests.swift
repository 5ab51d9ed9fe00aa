import Foundation
import TestSupport
import Testing

private func page() throws -> String {
  let path = "Sources/MetaEM/MetaEM.docc/FromCSVToReport.md"
  return try String(contentsOf: packageDirectory.appending(path: path), encoding: .utf8)
}

/// The lines of the page's blocks in a language.
private func blocks(_ language: String) throws -> [[String]] {
  try page().components(separatedBy: "```\(language)\n").dropFirst()
    .map { $0.components(separatedBy: "\n```")[0].split(separator: "\n").map(String.init) }
}

/// Runs lines of the page as a shell does, with the built program on the PATH.
private func shell(_ lines: [String], in folder: URL) throws {
  let path = "\(productsDirectory.path):" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
  let result = try run(
    "bash", ["-e", "-c", lines.joined(separator: "\n")], environment: ["PATH": path], directory: folder)
  try #require(result.exitCode == 0, "\(lines): \(result.error)")
}

/// The page that leads from a table to a report: what it shows is run, on its own table and on one with decimal commas.
extension OnRanks {
  @Suite(
    .inputs { folder in
      try script(try blocks("python")[0].joined(separator: "\n"), in: folder)
      try shell(try blocks("sh")[0], in: folder)
    }) struct CSVWalkTests
  {
    private func text(_ name: String) throws -> String {
      try String(contentsOf: SharedInputs.folder.appending(path: name), encoding: .utf8)
    }

    @Test func `at most five commands lead to a page whose numbers are those of the reports`() throws {
      #expect(try blocks("sh")[0].count <= 5 && blocks("sh")[0].allSatisfy { $0.hasPrefix("giv-dist ") })
      let known = numbers(ofJSON: try text("run/report.json")).union(numbers(ofJSON: try text("effect/report.json")))
      #expect(try tableNumbers(ofPage: text("report.html")).count > 20)
      #expect(try tableNumbers(ofPage: text("report.html")).filter { !known.contains($0) }.isEmpty)
    }

    @Test func `the effect of the page's table is found`() throws {
      try script(
        """
        slope = json.load(open('effect/report.json'))['methods']['hful']['averageSlope']
        # The table is made with 1.5; ordinary regression says 1.62.
        assert slope['lower'] < 1.5 < slope['upper'] < 1.6, slope
        """)
    }

    @Test func `a spreadsheet's table with semicolons and decimal commas leads to the same bits`() throws {
      let folder = SharedInputs.folder.appending(path: "decimal-commas")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      let table = try text("trial.csv").replacing(",", with: ";").replacing(".", with: ",").replacing(
        "\n", with: "\r\n")
      try Data(("\u{FEFF}" + table).utf8).write(to: folder.appending(path: "trial.csv"))
      try shell(try blocks("sh")[0], in: folder)
      for name in ["posteriors.h5", "sample.csv"] {
        let files = ["", "decimal-commas/"].map { SharedInputs.folder.appending(path: "\($0)run/\(name)") }
        #expect(try Data(contentsOf: files[0]) == Data(contentsOf: files[1]), "\(name)")
      }
      #expect(try text("effect/coefficients.csv") == text("decimal-commas/effect/coefficients.csv"))
    }

    @Test func `the lines of Python are those by which the files are refused`() throws {
      let heads: [String: [UInt8]] = [
        "dta": Array("<stata_dta>".utf8), "sav": Array("$FL2".utf8), "xpt": Array("HEADER RECORD*******".utf8),
        "sas7bdat": [UInt8](repeating: 0, count: 12) + [0xC2, 0xEA, 0x81, 0x60], "parquet": Array("PAR1".utf8),
        "feather": Array("ARROW1".utf8),
      ]
      let lines = try blocks("sh")[1]
      #expect(lines.count == heads.count)
      for (kind, head) in heads {
        try Data(head).write(to: SharedInputs.folder.appending(path: "trial.\(kind)"))
        let options = ["--treatment", "dose", "--covariates", "age", "--out", "never"]
        let result = try givDist(["shard", "trial.\(kind)"] + options)
        #expect(result.exitCode == 65 && lines.contains { result.error.hasSuffix("; \($0)\n") }, "\(result.error)")
      }
    }

    @Test func `groups of new rows are found as the page says`() throws {
      let lines = try text("trial.csv").split(separator: "\n")
      let new = ([lines[0]] + lines.dropFirst().filter { $0.contains(",west,") }.prefix(50)).joined(separator: "\n")
      try Data(new.utf8).write(to: SharedInputs.folder.appending(path: "new.csv"))
      try shell(try blocks("sh")[2], in: SharedInputs.folder)
      try script(
        """
        import csv
        with h5py.File('run/posteriors.h5') as file: known = dict(zip(file['id'].asstr()[:], file['label'][:]))
        rows = list(csv.DictReader(open('groups.csv')))
        assert len(rows) == 50 and all(int(row['label']) == known[row['id']] for row in rows)
        """)
    }
  }
}
