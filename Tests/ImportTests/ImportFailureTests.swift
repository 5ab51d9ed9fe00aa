import Diagnostics
import Foundation
import Import
import Shards
import TestSupport
import Testing

@Suite struct ImportFailureTests {
  private static let plan = ImportPlan(treatment: "t", outcome: "y", covariates: ["a", "b"])

  private func withTables<Result>(_ texts: [String], _ body: (URL, [String]) throws -> Result) throws -> Result {
    try withTemporaryDirectory { folder in
      let paths = texts.indices.map { folder.appendingPathComponent("\($0).csv").path }
      for (text, path) in zip(texts, paths) { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }
      return try body(folder, paths)
    }
  }

  /// The failure of an import; nothing may be left behind.
  private func failure(of texts: String..., change: (inout ImportPlan) -> Void = { _ in }) throws -> Failure? {
    var plan = Self.plan
    change(&plan)
    return try withTables(texts) { folder, paths in
      let output = folder.appendingPathComponent("out").path
      let failure = #expect(throws: Failure.self) {
        try Importer(inputs: paths, plan: plan).run(into: output, force: false)
      }
      #expect(!FileManager.default.fileExists(atPath: output))
      return failure
    }
  }

  @Test(arguments: [
    ("", "is empty; a header and rows are needed"),
    ("t,y,a,b\n", "has no rows"),
    ("t,y,a,B\n1,2,3,4\n", "no column named 'b'; did you mean 'B'"),
    ("t,y,a,b,a\n1,2,3,4,5\n", "two columns are named 'a'"),
    ("t,y,a,b\n1,2,3,4\n1,2,3\n", "line 3 has 3 fields where the header has 4"),
    ("t,y,a,b\n1,2,3,4\n1,2,\"3,4\n", "line 3: a quote is opened in this record and never closed"),
    ("t,y,a,b\n1,2,3,4\nhigh,2,3,5\n", "line 3, column 't': 'high' is not a number, as treatment must be"),
    ("t,y,a,b\n1,2 kg,3,4\n", "line 2, column 'y': '2 kg' is not a number, as outcome must be"),
    ("t,y,a,b\n1,2,3,4\n\n1,2,-inf,4\n", "line 4, column 'a': '-inf' is not finite"),
    ("t,y,a,b\n1,2,3,1e999\n", "line 2, column 'b': '1e999' is not finite"),
    ("t,y,a,b\n1,2,x,u\n1,2,x,u\n", "covariate 'a' is 'x' in every row, and x would have no column"),
    ("t,y,a,b\n1,,NA,4\n1,2,.,5\n1,2,3,4\nNaN,2,,5\n", "3 of 4 rows miss values: t 1, y 1, a 3; leave such rows out"),
  ])
  func `Bad tables are named`(text: String, message: String) throws {
    let failure = try failure(of: text)
    #expect(failure?.exitCode == .data)
    #expect(failure?.message.contains(message) == true, "\(failure?.message ?? "")")
  }

  @Test func `Many categories are taken for identifiers`() throws {
    func table(_ categories: Int) -> String {
      "t,y,a,b\n" + (0...1000).map { "1,2,3,\($0 % categories)x\n" }.joined()
    }
    let failure = try failure(of: table(257))
    #expect(failure?.message.contains("more than 256 different values") == true)
    #expect(failure?.message.contains("'0x'") == true)
    try withTables([table(256)]) { folder, paths in
      let summary = try Importer(inputs: paths, plan: Self.plan).run(into: folder.path + "/out", force: false)
      #expect(summary.covariates.count == 256)
    }
  }

  @Test func `A stray text among numbers is shown`() throws {
    let rows = (0..<1000).map { "1,2,3,\($0 == 700 ? "N/A" : String($0))\n" }.joined()
    let failure = try failure(of: "t,y,a,b\n" + rows)
    #expect(failure?.message.contains("'N/A'") == true)
    #expect(failure?.message.contains("line 702") == true)
    #expect(failure?.message.contains("--missing-markers") == true)
  }

  @Test func `Missing treatment is dropped under mean`() throws {
    try withTables(["t,y,a,b\n1,2,3,4\nNA,2,100,100\n5,6,.,8\n"]) { folder, paths in
      var plan = Self.plan
      plan.missing = .mean
      let summary = try Importer(inputs: paths, plan: plan).run(into: folder.path + "/out", force: false)
      #expect(summary.record.missingValues.rowsDropped == 1)
      // The mean is that of the kept rows.
      #expect(summary.record.missingValues.means == ["a": 3])
    }
  }

  @Test func `Nothing left is said`() throws {
    let failure = try failure(of: "t,y,a,b\nNA,2,3,4\n1,2,3,NA\n") { $0.missing = .drop }
    #expect(failure?.message.contains("no row is left of 2") == true)
  }

  @Test func `Weights are not negative`() throws {
    let failure = try failure(of: "t,y,a,b,w\n1,2,3,4,0\n1,2,3,4,-1\n") { $0.weight = "w" }
    #expect(failure?.message.contains("line 3, column 'w': '-1' is negative") == true)
  }

  @Test func `a column that says which rows are for testing holds 0 and 1`() throws {
    let failure = try failure(of: "t,y,a,b,held\n1,2,3,4,0\n1,2,3,4,2\n") { $0.test = "held" }
    #expect(failure?.message.contains("line 3, column 'held': '2' is neither 0 nor 1") == true)
  }

  @Test func `institutions have any number of levels, and other categories do not`() throws {
    let rows = (0..<600).map { "1,2,3,\($0 % 2),h\($0)\n" }.joined()
    try withTables(["t,y,a,b,c\n" + rows]) { folder, paths in
      var plan = Self.plan
      plan.institution = "c"
      let summary = try Importer(inputs: paths, plan: plan).run(into: folder.path + "/out", force: false)
      #expect(summary.columns[0].kind.levels?.count == 600)
    }
    for option in [\ImportPlan.instruments, \.proxies, \.kept] {
      let failure = try failure(of: "t,y,a,b,c\n" + rows) { $0[keyPath: option] = ["c"] }
      #expect(failure?.message.contains("'c' has texts") == true, "\(failure?.message ?? "")")
      #expect(failure?.message.contains("more than 256 different values") == true)
    }
  }

  @Test func `a missing institution, cluster, instrument or proxy drops the row, and a kept column does not`() throws {
    try withTables(["t,y,a,b,c\n1,2,3,4,x\n1,2,3,5,NA\n1,2,3,6,y\n"]) { folder, paths in
      let changes: [(String, (inout ImportPlan) -> Void)] = [
        ("institution", { $0.institution = "c" }), ("cluster", { $0.cluster = "c" }),
        ("instruments", { $0.instruments = ["c"] }), ("proxies", { $0.proxies = ["c"] }), ("kept", { $0.kept = ["c"] }),
      ]
      for (name, change) in changes {
        var plan = Self.plan
        plan.missing = .drop
        change(&plan)
        let summary = try Importer(inputs: paths, plan: plan).run(into: "\(folder.path)/\(name)", force: false)
        #expect(summary.rows == (name == "kept" ? 3 : 2))
        plan.missing = .refuse
        let result = Result {
          try Importer(inputs: paths, plan: plan).run(into: "\(folder.path)/\(name)-2", force: false)
        }
        #expect((try? result.get())?.rows == (name == "kept" ? 3 : nil))
      }
    }
  }

  @Test func `Inputs must have the columns`() throws {
    let failure = try failure(of: "t,y,a,b\n1,2,3,4\n", "t,y,a\n1,2,3\n")
    #expect(failure?.message.contains("1.csv: no column named 'b'; it has 't', 'y', 'a'") == true)
  }

  @Test func `Plans are checked`() throws {
    let table = "t,y,a,b\n1,2,3,4\n"
    let plans: [((inout ImportPlan) -> Void, String)] = [
      ({ $0.covariates = [] }, "--covariates names no column"),
      ({ $0.covariates = ["a", "t"] }, "column 't' is named by both --treatment and --covariates"),
      ({ $0.covariates = ["a", "a"] }, "--covariates names the column 'a' twice"),
      ({ $0.weight = "y" }, "column 'y' is named by both --outcome and --weight"),
      ({ $0.test = "a" }, "column 'a' is named by both --covariates and --test"),
      ({ $0.instruments = ["b"] }, "column 'b' is named by both --covariates and --instruments"),
      ({ $0.kept = ["y"] }, "column 'y' is named by both --outcome and --keep"),
      ({ $0.rowsPerShard = 0 }, "--rows-per-shard must be at least 1"),
      ({ $0.format.delimiter = "ab" }, "--delimiter must be one ASCII character"),
      ({ $0.format.delimiter = "" }, "--delimiter must be one ASCII character"),
    ]
    for (change, message) in plans {
      let failure = try failure(of: table, change: change)
      #expect(failure?.exitCode == .usage)
      #expect(failure?.message.contains(message) == true, "\(failure?.message ?? "")")
    }
  }

  @Test func `Missing files are named`() {
    let failure = #expect(throws: Failure.self) {
      try Importer(inputs: ["/no/such.csv"], plan: Self.plan).run(into: "/no/such", force: false)
    }
    #expect(failure == Failure(.noInput, "/no/such.csv: No such file or directory; check the path"))
  }

  @Test func `Outputs are kept unless forced`() throws {
    try withTables(["t,y,a,b\n1,2,3,4\n1,2,3,5\n", "t,y,a,b\n1,2,3,x\n1,2,oops\n"]) { folder, paths in
      let output = folder.path + "/deep/out"
      var plan = Self.plan
      plan.rowsPerShard = 1
      func contents() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: output).sorted() }
      let first = try Importer(inputs: [paths[0]], plan: plan).run(into: output, force: false)
      let files = ["manifest.json", "shard-00000.h5", "shard-00001.h5"]
      #expect(try contents() == files)

      let refused = #expect(throws: Failure.self) {
        try Importer(inputs: [paths[0]], plan: plan).run(into: output, force: false)
      }
      #expect(refused?.exitCode == .cannotCreate)
      #expect(refused?.message.contains("--force") == true)

      // A forced run that fails leaves the earlier shards.
      #expect(throws: Failure.self) { try Importer(inputs: [paths[1]], plan: plan).run(into: output, force: true) }
      #expect(try contents() == files)
      #expect(try Manifest.read(fromFolder: output)?.shards == first.shards)

      // One that succeeds leaves none of them.
      plan.rowsPerShard = 10
      _ = try Importer(inputs: [paths[0]], plan: plan).run(into: output, force: true)
      #expect(try contents() == ["manifest.json", "shard-00000.h5"])
      #expect(try Manifest.read(fromFolder: output)?.rows == 2)
    }
  }

  @Test func `Outputs that cannot be made are named`() throws {
    try withTables(["t,y,a,b\n1,2,3,4\n1,2,3,5\n"]) { _, paths in
      for output in [paths[0], paths[0] + "/below", "/proc/no-such"] {
        let failure = #expect(throws: Failure.self) {
          try Importer(inputs: paths, plan: Self.plan).run(into: output, force: false)
        }
        #expect(failure?.exitCode == .cannotCreate)
        #expect(failure?.message.contains("--out \(output)") == true, "\(failure?.message ?? "")")
      }
    }
  }
}
