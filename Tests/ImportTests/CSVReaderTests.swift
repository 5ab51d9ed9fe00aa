import Diagnostics
import Foundation
import Import
import Storage
import TestSupport
import Testing

/// The files that Fixtures/make_csv_fixtures.py made.
enum CSVFixtures {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")

  static func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  static func json<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
    try JSONDecoder().decode(type, from: Data(contentsOf: folder.appendingPathComponent(name)))
  }
}

@Suite struct CSVReaderTests {
  struct Table: Decodable {
    let delimiter: String
    let records: [[String]]
  }

  private func records(_ path: String, delimiter: String = ",", bufferSize: Int = 1 << 20) throws -> [[String]] {
    try records(CSVReader(InputFile(path), delimiter: delimiter.utf8.first!, bufferSize: bufferSize))
  }

  private func records(_ reader: CSVReader) throws -> [[String]] {
    var records: [[String]] = []
    while try reader.next() { records.append(try (0..<reader.fieldCount).map { try reader.text($0) }) }
    return records
  }

  private func records(
    of bytes: [UInt8], bufferSize: Int = 1 << 20, comment: String? = nil, belowHeader: Bool = false
  ) throws -> [[String]] {
    try withTemporaryDirectory { folder in
      let file = folder.appendingPathComponent("table.csv")
      try Data(bytes).write(to: file)
      let reader = try CSVReader(InputFile(file.path), comment: comment, bufferSize: bufferSize)
      if belowHeader { _ = try CSVHeader(reader) }
      return try records(reader)
    }
  }

  private func failure(_ bytes: [UInt8], belowHeader: Bool = false) -> Failure? {
    #expect(throws: Failure.self) { try records(of: bytes, belowHeader: belowHeader) }
  }

  @Test(arguments: [3, 4, 7, 16, 1 << 20])
  func `Reads what python reads for any buffer`(bufferSize: Int) throws {
    let tables = try CSVFixtures.json("records.json", as: [String: Table].self)
    #expect(tables.count == 17)
    for (name, table) in tables {
      let found = try records(CSVFixtures.path(name), delimiter: table.delimiter, bufferSize: bufferSize)
      #expect(found == table.records, "\(name)")
    }
  }

  @Test func `Blanks around unquoted fields are cut off`() throws {
    let found = try records(of: Array("a , \tb,\" c \"\n 1 2 ,,\" \"\n".utf8))
    #expect(found == [["a", "b", " c "], ["1 2", "", " "]])
  }

  @Test func `Empty file has no record`() throws {
    #expect(try records(of: []) == [])
    #expect(try records(of: Array("\n\r\n\r".utf8)) == [])
  }

  @Test func `Lines are counted through quotes`() {
    let raggedRow = failure(Array("a,b\n\"1\n2\",3\n\n4\n".utf8), belowHeader: true)
    #expect(raggedRow?.exitCode == .data)
    #expect(raggedRow?.message.contains("table.csv: line 5 has 1 field where the header has 2: '4'") == true)
  }

  @Test(arguments: [
    ("a,b\n1,2\n\"3,4\n5,6\n", "line 3: a quote is opened in this record and never closed"),
    ("a,b\n\"1\"x,2\n", "line 2: text follows a closing quote"),
    ("a,b\n1, \"1\" x\n", "line 2: text follows a closing quote"),
  ])
  func `Bad quotes are refused`(text: String, message: String) {
    let failure = self.failure(Array(text.utf8))
    #expect(failure?.exitCode == .data)
    #expect(failure?.message.contains(message) == true)
  }

  @Test(arguments: [1 << 20, 8])
  func `blanks may stand around quotes`(bufferSize: Int) throws {
    let found = try records(of: Array("a, \"b, c\"\t,d\n \"1\" , \"\" ,\t2\n".utf8), bufferSize: bufferSize)
    #expect(found == [["a", "b, c", "d"], ["1", "", "2"]])
  }

  @Test func `blanks that separate fields are no blanks`() throws {
    try withTemporaryDirectory { folder in
      let path = folder.path + "/table.csv"
      try "\"a\" \"b c\"\n1 2\n".write(toFile: path, atomically: true, encoding: .utf8)
      #expect(try records(path, delimiter: " ") == [["a", "b c"], ["1", "2"]])
    }
  }

  @Test(arguments: [1 << 20, 8], ["\n", "\r\n", "\r"])
  func `lines of comments, blanks and an end mark are skipped`(bufferSize: Int, lineEnd: String) throws {
    let lines = ["# an \"open quote", "#", "a,b", "1,2", "  \t", "#3,4", "5,#6", "\u{1A}\u{1A}"]
    let bytes = Array(lines.joined(separator: lineEnd).utf8)
    #expect(
      try records(of: bytes, bufferSize: bufferSize, comment: "#") == [["a", "b"], ["1", "2"], ["5", "#6"]])
  }

  @Test(arguments: ["sep=;\na;b\n", "\u{FEFF}\"sep=;\"\r\na;b\r\n", "SEP=;\ra;b"])
  func `a first line may name the delimiter`(text: String) throws {
    #expect(try records(of: Array(text.utf8)) == [["a", "b"]])
  }

  @Test func `Other encodings are refused`() {
    #expect(failure([0x61, 0x2C, 0xE9, 0x0A])?.message.contains("line 1: not UTF-8") == true)
    let null = failure(Array("a,b\n1,\"2\n\"\n3,\0\n".utf8))
    #expect(null?.message.contains("line 4: a byte is zero") == true, "\(null?.message ?? "")")
  }

  @Test func `Records longer than the buffer are read`() throws {
    let long = String(repeating: "x\n", count: 100_000)
    let found = try records(of: Array("a,b\n\"\(long)\",2\n".utf8), bufferSize: 64)
    #expect(found == [["a", "b"], [long, "2"]])
  }

  @Test func `A quote that swallows the file is found before memory is full`() {
    let bytes = Array("a,b\n\"".utf8) + [UInt8](repeating: 0x31, count: CSVReader.longestRecord + 10)
    #expect(failure(bytes)?.message.contains("line 2: the record that starts here is longer than 16 MiB") == true)
  }

  @Test func `Files that cannot be read are named`() {
    let missing = #expect(throws: Failure.self) { try records("/no/such/table.csv") }
    #expect(missing?.exitCode == .noInput)
    #expect(missing?.message.hasPrefix("/no/such/table.csv: No such file or directory; check the path") == true)
    let folder = #expect(throws: Failure.self) { try records("/") }
    #expect(folder?.message == "/ is a folder, not a file; name the files in it")
  }
}
