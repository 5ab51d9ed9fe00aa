import Foundation
import Runs
import Storage
import TestSupport
import Testing

@Suite struct ResultTableTests {
  private static var table: ResultTable {
    var table = ResultTable(rowCount: 3)
    table.add("name", .text(["plain", "a \"b\", c\r\nd", nil]))
    table.add("count", .integers([1, nil, -7]))
    table.add("seed", .unsigned([0, 1, .max]))
    table.add("value", .numbers([0.1, nil, .infinity]))
    return table
  }

  @Test func `CSV leaves out what is undefined and quotes what needs it`() {
    #expect(
      Self.table.csv == """
        name,count,seed,value
        plain,1,0,0.1
        "a ""b"", c\r\nd",,1,
        ,-7,18446744073709551615,inf

        """)
  }

  /// The last text has a quotation mark that is one character with the accent behind it.
  @Test(arguments: ["a \"b\", c\r\nd", "\"", "\r", ",", "é, ü", "x\"\u{301}y"])
  func `Python's csv reads back the fields`(text: String) throws {
    try withTemporaryDirectory { folder in
      let file = folder.appendingPathComponent("t.csv")
      var table = ResultTable(rowCount: 1)
      table.add("first", .numbers([0.1]))
      table.add(text, .text([text]))
      table.add("last", .integers([nil]))
      try Data(table.csv.utf8).write(to: file)
      let script = "import csv, json, sys; print(json.dumps(list(csv.reader(open(sys.argv[1], newline='')))))"
      let result = try python(["-c", script, file.path])
      let lines = try JSONDecoder().decode([[String]].self, from: Data(result.output.utf8))
      #expect(lines == [["first", text, "last"], ["0.1", text, ""]])
    }
  }

  @Test func `Lines of JSON have null where nothing is defined`() throws {
    let lines = try Self.table.jsonLines()
    #expect(lines[0] == #"{"count":1,"name":"plain","seed":0,"value":0.1}"#)
    #expect(lines[1] == #"{"count":null,"name":"a \"b\", c\r\nd","seed":1,"value":null}"#)
    #expect(lines[2] == #"{"count":-7,"name":null,"seed":18446744073709551615,"value":null}"#)
  }

  @Test func `HDF5 has a dataset for every column`() throws {
    try withTemporaryDirectory { folder in
      try Self.table.write(
        toFolder: folder.path, name: "t", encodingType: "test", encodingVersion: "1", jsonLines: ["{}"])
      let file = try HDF5File.open(folder.path + "/t.h5")
      #expect(file.datasetNames() == ["count", "name", "seed", "value"])
      #expect(try file.dataset("count").read(Int64.self) == [1, -1, -7])
      let values: [Double] = try file.dataset("value").read()
      #expect(values[0] == 0.1 && values[1].isNaN && values[2] == .infinity)
      #expect(try file.attribute("encoding-type") == .string("test"))
      #expect(try String(contentsOfFile: folder.path + "/t.jsonl", encoding: .utf8) == "{}\n")
    }
  }
}
