import Diagnostics
import Foundation
import Frames
import Import
import Shards
import Storage
import TestSupport
import Testing

/// A plan as check_shards.py takes it.
private struct OraclePlan: Encodable {
  var inputs: [String]
  var treatment = "dose"
  var outcome = "survival"
  var covariates = ["age", "sex", "stage", "height, cm"]
  var source: String?
  var weight: String?
  var id: String?
  var by: String?
  var institution: String?
  var cluster: String?
  var instruments: [String] = []
  var proxies: [String] = []
  var keep: [String] = []
  var test: String?
  var rowsPerShard: Int?
  var missing = MissingPolicy.refuse

  var plan: ImportPlan {
    var plan = ImportPlan(treatment: treatment, outcome: outcome, covariates: covariates)
    (plan.source, plan.weight, plan.identifier) = (source, weight, id)
    (plan.institution, plan.cutsByInstitution, plan.cluster) = (by ?? institution, by != nil, cluster)
    (plan.instruments, plan.proxies, plan.kept, plan.test) = (instruments, proxies, keep, test)
    plan.missing = missing
    if let rowsPerShard { plan.rowsPerShard = rowsPerShard }
    return plan
  }

  /// Imports, and lets Python compare every value of the shards with the tables.
  @discardableResult
  func importAndCheck() throws -> ImportSummary {
    try withTemporaryDirectory { folder in
      let summary = try Importer(inputs: inputs, plan: plan).run(into: folder.path, force: false)
      let json = String(decoding: try JSONEncoder().encode(self), as: UTF8.self)
      let check = try python([CSVFixtures.path("check_shards.py"), folder.path, json])
      #expect(check.output == "agree\n", "\(check.error)")
      // The folder opens as what training reads.
      #expect(try ShardCollection.open([folder.path]).rowCount == summary.rows)
      return summary
    }
  }
}

@Suite struct ImportTests {
  private let clinic = OraclePlan(inputs: [CSVFixtures.path("clinic.csv")])

  @Test(arguments: [MissingPolicy.drop, .mean])
  func `All columns arrive as python reads them`(missing: MissingPolicy) throws {
    var plan = clinic
    (plan.source, plan.weight, plan.id, plan.missing) = ("arm", "weight", "patient", missing)
    let summary = try plan.importAndCheck()
    #expect(summary.record.missingValues.rowsDropped > 0)
    #expect(summary.covariates.contains("stage=unknown, yet"))
    #expect(summary.covariates.contains("sex=(missing)") == (missing == .mean))
  }

  @Test func `Institutions are shards in sorted order`() throws {
    var plan = clinic
    (plan.by, plan.missing, plan.source) = ("site", .mean, "code")
    let summary = try plan.importAndCheck()
    // Sorted by code points; names of files that differ in case alone, or in what is replaced, are numbered.
    #expect(
      summary.shards.map(\.file) == [
        "Lake-Side.h5", "St.-Mary-s--North.h5", "lake-side-2.h5", "st-mary-s--north.h5", "RZTEHAUS.h5",
      ])
  }

  @Test(arguments: [1, 7, 64, 1000])
  func `Rows are cut into shards in order`(rowsPerShard: Int) throws {
    var plan = clinic
    (plan.rowsPerShard, plan.missing, plan.id) = (rowsPerShard, .drop, "patient")
    try plan.importAndCheck()
  }

  @Test(arguments: [true, false], [MissingPolicy.drop, .mean])
  func `columns beside the covariates arrive with their roles`(cuts: Bool, missing: MissingPolicy) throws {
    var plan = clinic
    (plan.covariates, plan.missing) = (["age"], missing)
    if cuts { plan.by = "site" } else { (plan.institution, plan.rowsPerShard) = ("site", 50) }
    // A column of numbers is one of levels where it says which rows belong together.
    (plan.cluster, plan.instruments, plan.proxies) = ("code", ["height, cm"], ["stage"])
    plan.keep = ["sex", "weight"]
    let summary = try plan.importAndCheck()
    let roles: [Role] = [.institution, .cluster, .instrument, .proxy, .none, .none]
    #expect(summary.columns.map(\.role) == roles)
    #expect(summary.columns.map(\.allowsMissing) == [false, false, false, false, true, false])
  }

  @Test func `rows for testing are 1, and the others 0`() throws {
    try withTemporaryDirectory { folder in
      let table = folder.appendingPathComponent("rows.csv").path
      try "t,y,a,held\n1,2,3,0\n4,5,6,1\n7,8,9,0\n".write(toFile: table, atomically: true, encoding: .utf8)
      var plan = OraclePlan(inputs: [table])
      (plan.treatment, plan.outcome, plan.covariates, plan.test) = ("t", "y", ["a"], "held")
      #expect(try plan.importAndCheck().columns == [Column("held", .test, .integer)])
    }
  }

  @Test func `a shard of categories is an input, too`() throws {
    try withTemporaryDirectory { folder in
      var plan = clinic.plan
      (plan.covariates, plan.missing, plan.institution, plan.kept) = (["age"], .drop, "site", ["sex"])
      let first = try Importer(inputs: clinic.inputs, plan: plan).run(into: folder.path + "/a", force: false)
      var again = ImportPlan(treatment: "t", outcome: "y", covariates: ["x"])
      (again.institution, again.kept) = ("columns/site", ["columns/sex"])
      let second = try Importer(inputs: [folder.path + "/a/shard-00000.h5"], plan: again)
        .run(into: folder.path + "/b", force: false)
      #expect(second.columns.map(\.kind) == first.columns.map(\.kind))
      let codes = try [(first, "a"), (second, "b")].map { summary, name in
        let file = try HDF5File.open("\(folder.path)/\(name)/shard-00000.h5")
        return try summary.columns.map { column in
          try file.dataset("columns/" + column.name.replacing("/", with: "-")).read(Int64.self)
        }
      }
      #expect(codes[0] == codes[1])
    }
  }

  @Test func `Complete columns need no policy`() throws {
    var plan = clinic
    (plan.treatment, plan.outcome, plan.covariates) = ("weight", "survival", ["code"])
    let summary = try plan.importAndCheck()
    #expect(summary.rows == 240)
    #expect(summary.record.categories.covariates.isEmpty)
  }

  @Test func `Many institutions take several passes`() throws {
    try withTemporaryDirectory { folder in
      let table = folder.appendingPathComponent("many.csv").path
      let rows = (0..<1000).map { "h\($0 * 37 % 150),\($0),\($0 % 7),\(Double($0).squareRoot())" }
      try (["hospital,t,y,a"] + rows).joined(separator: "\n").write(toFile: table, atomically: true, encoding: .utf8)
      var plan = OraclePlan(inputs: [table])
      (plan.treatment, plan.outcome, plan.covariates, plan.by) = ("t", "y", ["a"], "hospital")
      #expect(try plan.importAndCheck().shards.count == 150)
    }
  }

  @Test func `Several inputs follow each other whatever their order of columns`() throws {
    try withTemporaryDirectory { folder in
      let (first, second) = (folder.appendingPathComponent("1.csv").path, folder.appendingPathComponent("2.csv").path)
      try "t,y,a,kind\n1,2,3,x\n4,5,NA,y\n".write(toFile: first, atomically: true, encoding: .utf8)
      try "kind,extra,a,y,t\r\nz,0,6,8,7\r\nx,0,9,11,10".write(toFile: second, atomically: true, encoding: .utf8)
      var plan = OraclePlan(inputs: [first, second])
      (plan.treatment, plan.outcome, plan.covariates, plan.missing) = ("t", "y", ["a", "kind"], .mean)
      let summary = try plan.importAndCheck()
      #expect(summary.rows == 4)
      #expect(summary.covariates == ["a", "kind=y", "kind=z"])
      #expect(summary.record.missingValues.means == ["a": 6])
    }
  }

  @Test func `The same tables give the same bytes`() throws {
    var plan = clinic
    (plan.missing, plan.id) = (.mean, "patient")
    #expect(try plan.importAndCheck().shards == plan.importAndCheck().shards)
  }
}

@Suite struct ImportHDF5Tests {
  /// A file as h5py writes it: a matrix with names, one without, integers, fixed and variable strings.
  private let script = """
    import sys, h5py, numpy as np
    r = np.random.default_rng(5)
    n = 20000
    with h5py.File(sys.argv[1], "w") as f:
        f["study/dose"] = r.normal(size=n).astype("f4")
        f["study/survival"] = r.integers(0, 500, n)
        f["features"] = r.normal(size=(n, 3))
        f["features"][17, 1] = np.nan
        f["named"] = r.integers(-5, 5, (n, 2)).astype("i2")
        f["named"].attrs["column_names"] = ["left", "right"]
        f["site"] = np.array([b"north", b"south", b"west"])[r.integers(0, 3, n)]
        f.create_dataset("id", data=["p%d" % i for i in range(n)], dtype=h5py.string_dtype())
        f["bad"] = r.normal(size=n - 1)
        f["cube"] = np.zeros((n, 2, 2))
        f["record"] = np.zeros(n, dtype=[("a", "f8")])
        f["infinite"] = np.full(n, np.inf)
    """
  private let check = """
    import sys, h5py, numpy as np
    a = h5py.File(sys.argv[1]); b = h5py.File(sys.argv[2] + "/shard-00000.h5")
    x = a["features"][:]
    keep = ~np.isnan(x).any(axis=1)
    site = a["site"][:]
    expected = np.column_stack([x, a["named"][:], site == b"south", site == b"west", a["features"][:, 0] * 0 + x[:, 0]])
    assert np.array_equal(b["x"][:], expected[keep][:, :7]), "x"
    assert np.array_equal(b["t"][:], a["study/dose"][:].astype("f8")[keep]), "t"
    assert np.array_equal(b["y"][:], a["study/survival"][:].astype("f8")[keep]), "y"
    assert b["id"].asstr()[:].tolist() == a["id"].asstr()[:][keep].tolist(), "id"
    print(list(b.attrs["covariates"]))
    """

  private func withFile<Result>(_ body: (_ file: String, _ folder: String) throws -> Result) throws -> Result {
    try withTemporaryDirectory { folder in
      let file = folder.appendingPathComponent("foreign.h5").path
      let made = try python(["-c", script, file])
      #expect(made.exitCode == 0, "\(made.error)")
      return try body(file, folder.appendingPathComponent("out").path)
    }
  }

  private func plan(_ covariates: [String]) -> ImportPlan {
    ImportPlan(treatment: "study/dose", outcome: "/study/survival", covariates: covariates)
  }

  @Test func `Datasets are columns`() throws {
    try withFile { file, folder in
      var plan = plan(["features", "named", "site"])
      (plan.missing, plan.identifier) = (.drop, "id")
      let summary = try Importer(inputs: [file], plan: plan).run(into: folder, force: false)
      #expect(summary.record.missingValues.missing == ["features[1]": 1])
      let checked = try python(["-c", check, file, folder])
      let names = "['features[0]', 'features[1]', 'features[2]', 'left', 'right', 'site=south', 'site=west']\n"
      #expect(checked.output == names, "\(checked.error)")
    }
  }

  @Test func `Columns of a matrix can be named`() throws {
    try withFile { file, folder in
      let first = try Importer(inputs: [file], plan: plan(["features[2]", "named[0]"])).run(into: folder, force: false)
      #expect(first.covariates == ["features[2]", "left"])
      // A shard is an input, too, and keeps its names.
      let again = try Importer(
        inputs: [folder + "/shard-00000.h5"], plan: ImportPlan(treatment: "t", outcome: "y", covariates: ["x"])
      ).run(into: folder + "-again", force: false)
      #expect(again.covariates == first.covariates)
      let numbers = try [folder, folder + "-again"].map {
        try HDF5File.open($0 + "/shard-00000.h5").dataset("x").read(Double.self)
      }
      #expect(numbers[0] == numbers[1])
    }
  }

  @Test(arguments: [
    (["feature"], "no dataset named 'feature'; did you mean 'features'?"),
    (["features[3]"], "the dataset has the columns 0 to 2"),
    (["features", "features[1]"], "column 'features[1]' is used twice"),
    (["bad"], "dataset 'bad' has 19999 rows where 'study/dose' has 20000"),
    (["cube"], "has the shape [20000, 2, 2]"),
    (["record"], "write it as numbers or strings"),
    (["infinite"], "row 1, column 'infinite': 'inf' is not finite"),
    (["features"], "features[1] 1; leave such rows out with --missing drop"),
  ])
  func `Bad datasets are named`(covariates: [String], message: String) throws {
    try withFile { file, folder in
      let failure = #expect(throws: Failure.self) {
        try Importer(inputs: [file], plan: plan(covariates)).run(into: folder, force: false)
      }
      #expect(failure?.exitCode == .data)
      #expect(failure?.message.contains(message) == true, "\(failure?.message ?? "")")
      #expect(!FileManager.default.fileExists(atPath: folder))
    }
  }
}
