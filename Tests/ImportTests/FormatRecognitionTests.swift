import Diagnostics
import Foundation
import Import
import TestSupport
import Testing

/// Tables whose delimiter and decimal mark nobody says.
@Suite struct FormatRecognitionTests {
  /// Sixteenths: `0.0625` is no group of digits.
  private static let table = ImportedTable { "\(Double($0) / 16)" }
  private static let lines = table.lines

  private static func german(_ b: (Int) -> String) -> String {
    let table = ImportedTable(b: b)
    return ImportedTable.text(([table.header] + table.rows).map { $0.joined(separator: ";") })
  }

  private func expectPlain(_ bytes: [UInt8], taken: [String], change: (inout ImportPlan) -> Void = { _ in }) throws {
    let found = try ImportedTable.imported(bytes, change: change)
    #expect(try found.agrees(with: ImportedTable.imported(ImportedTable.text(Self.lines))))
    let notes = found.summary.findings.filter { $0.code == .formatRecognized }
    #expect(notes.map { $0.values[.names] } == (taken.isEmpty ? [] : [.names(taken)]))
    #expect(notes.allSatisfy { $0.severity == .note })
  }

  @Test(arguments: [(";", "';' between columns"), ("\t", "a tab between columns"), ("|", "'|' between columns")])
  func `a delimiter by which alone all rows have the columns of the header is taken`(mark: String, words: String) throws
  {
    let german = Self.lines.map { $0.replacing(",", with: mark) }
    try expectPlain(Array(ImportedTable.text(german).utf8), taken: [words])
    let decimals = Self.lines.map { $0.replacing(",", with: mark).replacing(".", with: ",") }
    try expectPlain(Array(ImportedTable.text(decimals).utf8), taken: [words, "decimal commas"])
    try expectPlain(Array(ImportedTable.text(decimals).utf8), taken: ["decimal commas"]) { $0.format.delimiter = mark }
    try expectPlain(Array(ImportedTable.text(["sep=\(mark)"] + decimals).utf8), taken: ["decimal commas"])
    try expectPlain(Array(ImportedTable.text(decimals).utf8), taken: []) {
      ($0.format.delimiter, $0.format.numbers.decimalMark) = (mark, ",")
    }
  }

  @Test func `other shapes of the same table are recognized, too`() throws {
    let lines = Self.lines.map { $0.replacing(",", with: ";").replacing(".", with: ",") }
    let taken = ["';' between columns", "decimal commas"]
    let named = lines.enumerated().map { $0 == 0 ? $1 : "\"\($0)\";\($1)" }
    let quoted = lines.map { "\"" + $0.replacing(";", with: "\";\"") + "\"" }
    for lines in [named, quoted, lines + [";;;", ""], ["note;t;y;a;b"] + lines.dropFirst().map { "\"a, 1.5\";" + $0 }] {
      try expectPlain(Array(ImportedTable.text(lines).utf8), taken: taken)
    }
    try expectPlain(Array(ImportedTable.text(["# 1,2,3"] + lines).utf8), taken: taken) { $0.format.comment = "#" }
    let wide = ImportedTable.text(lines).data(using: .utf16LittleEndian)!
    try expectPlain([0xFF, 0xFE] + Array(wide), taken: taken)
  }

  @Test func `what commas separate stays so, without a note`() throws {
    try expectPlain(Array(ImportedTable.text(Self.lines).utf8), taken: [])
    let texts = ImportedTable.text([Self.lines[0] + ",note"] + Self.lines.dropFirst().map { $0 + ",u;v|w" })
    try expectPlain(Array(texts.utf8), taken: [])
  }

  @Test func `a table that can be read in two ways is refused with the option`() throws {
    let text = "t, mg;y;a;b\n" + (0..<20).map { "\($0),5;\($0);1;2\n" }.joined()
    let refusal = ImportedTable.refusal(text)
    #expect(
      refusal?.hasSuffix(
        "table.csv can be read with ',' between 2 columns, or with ';' between 4 columns; say which by --delimiter, and quote "
          + "fields that hold it") == true, "\(refusal ?? "")")
    let plan: (inout ImportPlan) -> Void = {
      ($0.treatment, $0.covariates, $0.format.delimiter) = ("t, mg", ["a"], ";")
    }
    #expect(ImportedTable.refusal(text, covariates: ["a"], change: plan) == nil)
  }

  @Test(arguments: [
    // Points and commas, each certain, in one column.
    (column { $0 % 2 == 0 ? "\($0),5" : "\($0).5" }, "--decimal-mark"),
    // Groups of digits or decimals.
    (
      column { "\($0 + 1).125" },
      "line 2, column 'b': '1.125' may have decimals or groups of digits; say --decimal-mark . for"
    ),
    (
      column { "\($0 + 1),125" },
      "read groups of digits by --thousands-mark ',', or decimal commas by --decimal-mark ','"
    ),
    // Decimals behind commas, and groups of digits before them.
    (column { $0 < 20 ? "\($0),5" : "1.\($0 + 100),5" }, "--thousands-mark '.'"),
    (column { $0 < 30 ? "\($0),5" : "2.\($0 + 100)" }, "--thousands-mark '.'"),
  ])
  func `numbers that are in doubt are refused with the option`(b: [String], words: String) {
    let refusal = ImportedTable.refusal(Self.german { b[$0] })
    #expect(refusal?.contains(words) == true && refusal?.contains("line") == true, "\(refusal ?? "read")")
  }

  @Test func `the options decide what is in doubt`() throws {
    let text = Self.german { "\($0 + 1).125" }
    let decimals = try ImportedTable.imported(text) { $0.format.isDecimalMarkSaid = true }
    let groups = try ImportedTable.imported(text) {
      $0.format.numbers = NumberFormat(decimalMark: ",", thousandsMark: ".")
    }
    #expect(decimals.x[3] == 2.125 && groups.x[3] == 2125)
  }

  @Test func `lists between quotes and commas are no decimals`() throws {
    let refusal = ImportedTable.refusal(ImportedTable.text(ImportedTable { "\"1,\($0 % 9)\"" }.lines))
    #expect(refusal?.contains("--decimal-mark ','") == true, "\(refusal ?? "read")")
  }

  @Test func `a point behind many decimal commas is refused with its line`() throws {
    let rows = (0..<3000).map { "\($0),5;\($0);1;\($0 == 2500 ? "2.75" : "\($0),25")\n" }
    let refusal = ImportedTable.refusal("t;y;a;b\n" + rows.joined())
    #expect(refusal?.contains("'2.75' (") == true && refusal?.contains("line 2502") == true, "\(refusal ?? "read")")
  }

  @Test func `tables that differ in their delimiters are not read as one`() throws {
    try withTemporaryDirectory { folder in
      for (name, mark) in [("a.csv", ";"), ("b.csv", ",")] {
        let text = ImportedTable.text(Self.lines.map { $0.replacing(",", with: mark) })
        try Data(text.utf8).write(to: folder.appending(path: name))
      }
      let plan = ImportPlan(treatment: "t", outcome: "y", covariates: ["a", "b"])
      let inputs = ["a.csv", "b.csv"].map { folder.appending(path: $0).path }
      let refusal = failure {
        _ = try Importer(inputs: inputs, plan: plan).run(into: folder.path + "/out", force: false)
      }
      #expect(refusal?.exitCode == .data && refusal?.message.contains("--delimiter ';'") == true)
    }
  }
}

private func column(_ text: (Int) -> String) -> [String] { (0..<ImportedTable.rowCount).map(text) }
