import Foundation
import TestSupport
import Testing

@Suite struct ShardCommandTests {
  private static let table = """
    id,site,dose,survival,age,sex,arm
    001,north,1.5,10,40,f,b
    002,south,2.5,20,.,m,a
    003,north,NA,30,60,m,b
    004,south,0.5,40,50,,a
    """
  private static let columns = ["--treatment", "dose", "--outcome", "survival", "--covariates", "age,sex"]

  private func shard(_ arguments: [String], table: String = Self.table) throws -> (CommandResult, files: [String]) {
    try withTemporaryDirectory { folder in
      try Data(table.utf8).write(to: folder.appendingPathComponent("trial.csv"))
      let result = try run(tool("giv-dist"), ["shard", "trial.csv", "--out", "out"] + arguments, directory: folder)
      let files = try? FileManager.default.contentsOfDirectory(atPath: folder.path + "/out").sorted()
      return (result, files ?? [])
    }
  }

  @Test func `Summary tells what was done`() throws {
    let (result, files) = try shard(
      Self.columns + ["--missing", "mean", "--by", "site", "--source", "arm", "--id", "id"])
    #expect(result.exitCode == 0, "\(result.error)")
    #expect(files == ["manifest.json", "north.h5", "south.h5"])
    #expect(
      result.output == """
        Rows      4 read, 3 kept, 1 dropped
        Shards    2 in out
          north.h5: 1 rows, institution north
          south.h5: 2 rows, institution south
        Columns   3 in x: age, sex=m, sex=(missing)
          sex: 3 categories, 'f' without an indicator
        Further   site: institution, categorical, 2 levels
        Sources   0, 1, … are a, b
        Missing   age 1, dose 1, sex 1 (policy: mean)
          age: filled with 45.0

        """)
  }

  @Test func `A fit says that it left out the rows kept for testing`() throws {
    try withTemporaryDirectory { folder in
      let rows = (0..<200).map { "\($0 * 37 % 101),\($0 * 53 % 97),\($0 % 89),\($0 % 5 == 0 ? 1 : 0)\n" }
      try Data(("x,t,y,held\n" + rows.joined()).utf8).write(to: folder.appendingPathComponent("a.csv"))
      let columns = ["a.csv", "--treatment", "t", "--outcome", "y", "--covariates", "x"]
      for (out, options) in [("plain", []), ("marked", ["--test", "held"])] {
        let sharded = try run(tool("giv-dist"), ["shard"] + columns + ["--out", out] + options, directory: folder)
        try #require(sharded.exitCode == 0, "\(sharded.error)")
        let fit = try run(tool("giv-dist"), ["train", out, "--groups", "2", "--starts", "2"], directory: folder)
        let words = "note: 40 of 200 rows, which column 'held' marks for testing, were not fitted"
        #expect(fit.output.contains(words) == (out == "marked"), "\(fit.error)")
      }
    }
  }

  @Test func `JSON is one object`() throws {
    let columns = ["--treatment", "dose", "--outcome", "survival", "--covariates", "age"]
    let (result, _) = try shard(columns + ["--missing", "drop", "--json"])
    let object = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    #expect(object["rows"] as? Int == 2)
    #expect(object["folder"] as? String == "out")
    #expect((object["shards"] as? [[String: Any]])?.first?["file"] as? String == "shard-00000.h5")
  }

  @Test func `what is doubtful stands in the summary and in JSON`() throws {
    let table = "t,y,a,sex\n1,2,3,f\n4,5,6,m\n,,,\n7,8,9,None\n"
    let columns = ["--treatment", "t", "--outcome", "y", "--covariates", "a,sex", "--missing-markers=-999"]
    let (summary, _) = try shard(columns, table: table)
    #expect(summary.output.contains("note: trial.csv: skipped a row without any value, the first in line 4\n"))
    #expect(summary.output.contains("note: no value matches '-999' of --missing-markers; look how"))
    #expect(summary.output.contains("note: 'sex' has the categories 'None'; name them in --missing-markers when"))
    let (result, _) = try shard(columns + ["--json"], table: table)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    let codes = (object["findings"] as? [[String: Any]])?.map { $0["code"] as? String }
    #expect(codes == ["empty-rows-skipped", "markers-unmatched", "categories-mean-missing"])
  }

  @Test func `Missing values end with counts and remedy`() throws {
    let (result, files) = try shard(Self.columns)
    #expect(result.exitCode == 65)
    #expect(result.output.isEmpty)
    #expect(
      result.error.contains("3 of 4 rows miss values: dose 1, age 1, sex 1; leave such rows out with --missing drop"))
    #expect(files.isEmpty)
  }

  @Test(arguments: [
    (["--covariates", "ages"], 65, "no column named 'ages'; did you mean 'age'?"),
    (["--covariates", ""], 64, "--covariates names no column"),
    (["--covariates", "\"age"], 64, "close its quotes"),
    (["--covariates", "age", "--by", "site", "--rows-per-shard", "5"], 64, "--rows-per-shard cannot be given with it"),
    (["--covariates", "age", "--missing", "guess"], 64, "refuse"),
    (["--covariates", "age", "--delimiter", ";"], 65, "name what separates the fields with --delimiter ','"),
    (["--covariates", "age", "--missing-markers", "NA", "--missing", "drop"], 65, "'age' has 302 numbers and 1 text"),
    (["--covariates", "age", "--decimal-mark", "5"], 64, "--decimal-mark '5' must be one character"),
    (["--covariates", "age", "--thousands-mark", "."], 64, "--thousands-mark and --decimal-mark are both '.'"),
    (["--covariates", "age", "--affixes", "%,5"], 64, "--affixes '5' must be texts without digits"),
    (["--covariates", "age", "--comment", ""], 64, "--comment must be the text"),
  ])
  func `Errors name the option or column`(options: [String], exitCode: Int32, message: String) throws {
    let table = Self.table + (0..<300).map { "\n9,north,1,2,\($0),f,a" }.joined()
    let (result, files) = try shard(["--treatment", "dose", "--outcome", "survival"] + options, table: table)
    #expect(result.exitCode == exitCode)
    #expect(result.error.contains(message), "\(result.error)")
    #expect(files.isEmpty)
  }

  @Test func `Tabs and quoted names are understood`() throws {
    let table = "t\ty\t\"height, cm\"\n1\t2\t3\n4\t5\t-9\n"
    let (result, _) = try shard(
      [
        "--treatment", "t", "--outcome", "y", "--covariates", "\"height, cm\"", "--delimiter", "tab",
        "--missing-markers=-9", "--missing", "mean",
      ], table: table)
    #expect(result.output.contains("height, cm: filled with 3.0"), "\(result.error)")
  }

  @Test func `Help names every option`() throws {
    let help = try run(tool("giv-dist"), ["shard", "--help"]).output
    for option in [
      "--out", "--treatment", "--outcome", "--covariates", "--source", "--weight", "--id", "--by", "--rows-per-shard",
      "--missing", "--missing-markers", "--delimiter", "--force", "--json", "--institution", "--cluster",
      "--instruments", "--proxies", "--test", "--keep", "--comment", "--decimal-mark", "--thousands-mark", "--affixes",
    ] {
      #expect(help.contains(option))
    }
  }
}
