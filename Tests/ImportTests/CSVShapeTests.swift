import Diagnostics
import Foundation
import Import
import TestSupport
import Testing

/// Tables that are the same but for their shape.
@Suite struct CSVShapeTests {
  private static let table = ImportedTable { "\(Double($0) / 16)" }
  private static let lines = table.lines
  private static let header = lines[0]
  private static let rows = Array(lines.dropFirst())

  private static func numbered(_ write: (Int, String) -> String) -> [String] { rows.enumerated().map(write) }

  private func expectPlain(
    _ text: String, _ codes: [Finding.Code] = [], change: (inout ImportPlan) -> Void = { _ in }
  ) throws {
    let found = try ImportedTable.imported(text, change: change)
    #expect(try found.agrees(with: ImportedTable.imported(ImportedTable.text(Self.lines))))
    #expect(found.summary.covariates == ["a", "b"] && found.codes == codes)
  }

  @Test(arguments: [
    ImportedTable.text([header + ",,"] + rows.map { $0 + ",," }), ImportedTable.text([header + ","] + rows),
    ImportedTable.text(["," + header] + rows.map { "," + $0 }),
    ImportedTable.text(["," + header] + numbered { "\($0),\($1)" }),
    ImportedTable.text([header + ",note,note"] + rows.map { $0 + ",u,v" }),
    ImportedTable.text(lines + ["   "]), ImportedTable.text(lines + [" \t", ""]), ImportedTable.text(lines) + "\u{1A}",
    ImportedTable.text(lines, lineEnd: "\r"), ImportedTable.text(lines, lineEnd: "\r\n"),
    "\u{FEFF}" + ImportedTable.text(lines),
    ImportedTable.text(["t, y , \"a\", \"b\" "] + rows.map { " \"" + $0.replacing(",", with: "\" , \"") + "\" " }),
    ImportedTable.text(["sep=,"] + lines), ImportedTable.text(["sep=;"] + lines.map { $0.replacing(",", with: ";") }),
    "\u{FEFF}" + ImportedTable.text(["\"sep=;\""] + lines.map { $0.replacing(",", with: ";") }, lineEnd: "\r\n"),
  ])
  func `shapes that mean the same are read alike`(text: String) throws { try expectPlain(text) }

  @Test(arguments: [
    ImportedTable.text(["\"t\",\"y\",\"a\",\"b\""] + numbered { "\"\($0 + 1)\",\($1)" }),
    ImportedTable.text([header] + numbered { "\($0 + 1),\($1)" }),
    ImportedTable.text([header] + numbered { "Mazda RX\($0),\($1)" }),
  ])
  func `row names of R are passed over with a note`(text: String) throws { try expectPlain(text, [.rowNamesSkipped]) }

  @Test func `R's blanks between fields are read when told so`() throws {
    let text = ImportedTable.text(
      ["\"t\" \"y\" \"a\" \"b\""] + Self.numbered { "\"\($0 + 1)\" " + $1.replacing(",", with: " ") })
    try expectPlain(text, [.rowNamesSkipped]) { $0.format.delimiter = " " }
    #expect(ImportedTable.refusal(text)?.contains("line 1: text follows a closing quote") == true)
  }

  @Test func `rows without any value are skipped with a note`() throws {
    var lines = Self.lines
    lines.insert(",,,", at: 3)
    let text = ImportedTable.text(lines + [", ,,", ",,,"])
    try expectPlain(text, [.emptyRowsSkipped])
    let values: [Finding.Key: Finding.Value] = [.count: .count(3), .line: .count(4)]
    let found = try ImportedTable.imported(text).summary.findings[0].values
    #expect(values.allSatisfy { found[$0.key] == $0.value })
  }

  @Test func `comments are skipped when told so`() throws {
    let lines = ["# made \"by hand", "#"] + Self.lines.prefix(5) + ["# a note, too"] + Self.lines.dropFirst(5) + ["#"]
    try expectPlain(ImportedTable.text(lines)) { $0.format.comment = "#" }
  }

  @Test(arguments: [
    (
      ImportedTable.text(["# made 2026-11-27"] + lines),
      "line 1, '# made 2026-11-27', looks like a comment: skip such lines"
    ),
    (ImportedTable.text(["% made, by hand"] + lines), "with --comment '%'"),
    (
      ImportedTable.text(lines.prefix(3) + ["# note"] + lines.dropFirst(3)),
      "line 4 has 1 field where the header has 4"
    ),
    (ImportedTable.text(["My trial"] + lines), "line 2 has 4 fields where the header in line 1, 'My trial', has 1"),
    (ImportedTable.text(["My trial,,,"] + lines), "remove the lines above the header"),
    (ImportedTable.text([header, "mg,mmHg,,"] + rows), "line 2, column 't': 'mg' is not a number"),
    (ImportedTable.text([header, "1,2,kg,3"] + rows), "or remove the line if it holds units"),
    (ImportedTable.text([header] + rows.map { $0 + "," }), "if the rows end in a trailing delimiter, remove it"),
    (ImportedTable.text(lines + ["1,2,3,4,"]), "line 42 has 5 fields where the header has 4: '1,2,3,4,'"),
    (ImportedTable.text(lines + ["1,2,3"]), "line 42 has 3 fields where the header has 4"),
    (ImportedTable.text(lines + ["Total,,,"]), "line 42, column 't': 'Total' is not a number"),
    (
      ImportedTable.text(lines.prefix(9) + lines),
      "line 10, column 't': 't' is not a number, as treatment must be; remove the"
    ),
    (
      ImportedTable.text(lines.prefix(9) + ["1,2,a,3"] + lines.dropFirst(9)),
      "remove the line if it is the header again"
    ),
    (ImportedTable.text(rows), "is the header missing?"),
    (ImportedTable.text(["t,y,a,b,a"] + rows.map { $0 + ",1" }), "two columns are named 'a', the 3. and the 5."),
    (ImportedTable.text(lines.map { $0.replacing(",", with: ";") } + ["1;2"]), "--delimiter ';'"),
    (ImportedTable.text(lines.map { $0.replacing(",", with: "\t") } + ["1\t2"]), "--delimiter tab"),
    (ImportedTable.text(lines.map { $0.replacing(",", with: "|") } + ["1|2"]), "--delimiter '|'"),
    (ImportedTable.text(lines.map { $0.replacing(",", with: " ") }), "--delimiter ' '"),
    (
      ImportedTable.text(lines.map { $0.replacing(",", with: ";").replacing(".", with: ",") } + ["1;2"]),
      "--decimal-mark ,"
    ),
    (ImportedTable.text([header] + numbered { "\($0 * 7 % 5),\($1)" }), "is no row name"),
    (ImportedTable.text([header] + rows.map { $0.replacing(".", with: ",") }), "line 2 has"),
    (ImportedTable.text(lines + ["1,2,\0,3"]), "line 42: a byte is zero"),
    ("", "is empty; a header and rows are needed"),
  ])
  func `other shapes are refused with line and remedy`(text: String, words: String) {
    let message = ImportedTable.refusal(text)
    #expect(message?.contains(words) == true, "\(message ?? "")")
  }

  @Test func `a delimiter that the file and the option disagree on is refused`() {
    let message = ImportedTable.refusal(ImportedTable.text(["sep=,"] + Self.lines)) { $0.format.delimiter = ";" }
    #expect(message?.contains("line 1 says 'sep=,', and --delimiter another") == true, "\(message ?? "")")
  }

  @Test(
    arguments: [
      (String.Encoding.utf16LittleEndian, [0xFF, 0xFE]), (.utf16LittleEndian, []), (.utf16BigEndian, [0xFE, 0xFF]),
      (.utf16BigEndian, []), (.utf32LittleEndian, [0xFF, 0xFE, 0, 0]), (.utf32BigEndian, [0, 0, 0xFE, 0xFF]),
    ] as [(String.Encoding, [UInt8])])
  func `texts of wider characters are read as those of UTF-8`(encoding: String.Encoding, mark: [UInt8]) throws {
    let table = ImportedTable { ["südlich", "𝛽-nord"][$0 % 2] }
    // Longer than what is converted at a time, so that characters are cut.
    let text = ImportedTable.text([table.lines[0]] + (0..<200).flatMap { _ in table.lines.dropFirst() })
    let bytes = mark + [UInt8](text.data(using: encoding)!)
    let found = try ImportedTable.imported(bytes)
    #expect(found.summary.covariates == ["a", "b=𝛽-nord"])
    #expect(try found.agrees(with: ImportedTable.imported(text)))
    let cut = ImportedTable.refusal(Array(bytes.dropLast(3)))
    #expect(cut?.contains("damaged UTF-") == true, "\(cut ?? "")")
  }

  @Test func `Latin-1 is refused with line and remedy where its letters are read`() throws {
    let table = ImportedTable { ["südlich", "nord"][$0 % 2] }
    let bytes = [UInt8](ImportedTable.text(table.lines).data(using: .isoLatin1)!)
    let message = ImportedTable.refusal(bytes)
    #expect(message?.contains("line 2: not UTF-8") == true && message?.contains("iconv -f") == true, "\(message ?? "")")
    #expect(try ImportedTable.imported(bytes, covariates: ["a"]).summary.rows == 40)
  }

  @Test(arguments: [
    "1e+05", "1E5", "+1.5", ".5", "5.", "00012", "-0.0", "1.7976931348623157e+308", "4.9406564584124654e-324",
    "\"3.25\"",
    "0.1", "1e-07", "123456789012345678",
  ])
  func `numbers as R, pandas, Julia, Stata and SAS write them have python's bits`(text: String) throws {
    let value = Double(text.replacing("\"", with: ""))!
    let found = try ImportedTable.imported(ImportedTable.text(ImportedTable { "\($0)" }.lines + ["1,2,3,\(text)"]))
    #expect(found.x.last?.bitPattern == value.bitPattern)
  }
}
