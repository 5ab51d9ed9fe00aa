import Diagnostics
import Foundation
import Import
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
    let reader = try CSVReader(path: path, delimiter: delimiter.utf8.first!, bufferSize: bufferSize)
    var records: [[String]] = []
    while try reader.next() { records.append(try (0..<reader.fieldCount).map { try reader.text($0) }) }
    return records
  }

  private func records(of bytes: [UInt8], bufferSize: Int = 1 << 20) throws -> [[String]] {
    try withTemporaryDirectory { folder in
      let file = folder.appendingPathComponent("table.csv")
      try Data(bytes).write(to: file)
      return try records(file.path, bufferSize: bufferSize)
    }
  }

  private func failure(_ bytes: [UInt8]) -> Failure? {
    #expect(throws: Failure.self) { try records(of: bytes) }
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
    let raggedRow = failure(Array("a,b\n\"1\n2\",3\n\n4\n".utf8))
    #expect(raggedRow?.exitCode == .data)
    #expect(raggedRow?.message.hasSuffix("table.csv: line 5 has 1 fields where the header has 2") == true)
  }

  @Test(arguments: [
    ("a,b\n1,2\n\"3,4\n5,6\n", "line 3: a quote is opened in this record and never closed"),
    ("a,b\n\"1\"x,2\n", "line 2: text follows a closing quote"),
    ("a,b\n\"1\" ,2\n", "line 2: text follows a closing quote"),
  ])
  func `Bad quotes are refused`(text: String, message: String) {
    let failure = self.failure(Array(text.utf8))
    #expect(failure?.exitCode == .data)
    #expect(failure?.message.contains(message) == true)
  }

  @Test func `Other encodings are refused`() {
    #expect(failure([0x61, 0x2C, 0xE9, 0x0A])?.message.contains("line 1: not UTF-8") == true)
    #expect(failure([0x1F, 0x8B, 0x08, 0x00])?.message.contains("gzip") == true)
    #expect(failure([0xFF, 0xFE, 0x61, 0x00])?.message.contains("UTF-16") == true)
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
    #expect(missing?.message.hasPrefix("/no/such/table.csv: No such file") == true)
    let folder = #expect(throws: Failure.self) { try records("/") }
    #expect(folder?.message == "/: Is a directory")
  }
}
