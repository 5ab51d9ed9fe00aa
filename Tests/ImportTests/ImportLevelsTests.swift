import Diagnostics
import Foundation
import Frames
import Import
import Shards
import TestSupport
import Testing

/// Levels that are decided on before a table is read, and tables that become what earlier ones became.
@Suite struct ImportLevelsTests {
  private static let header = "t,y,age,region\n"
  private static let first = header + "1,2,30,A\n2,3,40,C\n3,4,50,B\n"

  /// Imports a table into a folder of its own; the names of the columns of x, and the numbers.
  private func rows(
    _ text: String, in folder: ScratchFolder, _ name: String, change: (inout ImportPlan) throws -> Void = { _ in }
  ) throws -> (summary: ImportSummary, names: [String], x: [Double]) {
    let table = folder.file("\(name).csv")
    try Data(text.utf8).write(to: URL(filePath: table))
    var plan = ImportPlan(treatment: "t", outcome: "y", covariates: ["age", "region"])
    try change(&plan)
    let summary = try Importer(inputs: [table], plan: plan).run(into: folder.file(name), force: false)
    let collection = try ShardCollection.open([folder.file(name)])
    let x = try collection.numbers(named: "x", ofRows: 0..<collection.rowCount)
    return (summary, collection.covariateNames, x)
  }

  private func refusal(
    _ text: String, in folder: ScratchFolder, change: (inout ImportPlan) throws -> Void
  ) -> String {
    failure { _ = try rows(text, in: folder, "refused", change: change) }?.message ?? ""
  }

  @Test func `one level is a note, and no column`() throws {
    let folder = try ScratchFolder()
    let (summary, names, x) = try rows(Self.header + "1,2,30,B\n2,3,40,B\n", in: folder, "one")
    #expect(names == ["age"] && x == [30, 40])
    #expect(summary.findings == [.note(.singleLevel, [.column: .name("region"), .levels: .names(["B"])])])
    #expect(try ShardCollection.open([folder.file("one")]).covariates.last == Covariate("region", levels: ["B"]))
  }

  @Test func `a column of numbers is one of categories where that is said, and the reference is chosen`() throws {
    let folder = try ScratchFolder()
    // Some programs write integers beside missing values as 2.0.
    let text = "t,y,age,region\n1,2,30,1\n2,3,40,2.0\n3,4,50,3\n4,5,60,2\n"
    let plain = try rows(text, in: folder, "plain") { $0.categorical = [CategoricalColumn("region")] }
    #expect(plain.names == ["age", "region=2", "region=3"])
    #expect(plain.x == [30, 0, 0, 40, 1, 0, 50, 0, 1, 60, 1, 0])
    let chosen = try rows(text, in: folder, "chosen") {
      $0.categorical = [CategoricalColumn("region:2", among: $0.covariates)]
    }
    #expect(chosen.names == ["age", "region=1", "region=3"])
    let unknown = refusal(text, in: folder) { $0.categorical = [CategoricalColumn("region", reference: "4")] }
    #expect(unknown == "--categorical region:4: no row has the level '4'; there are 1, 2, 3")
    let misspelt = refusal(text, in: folder) { $0.categorical = [CategoricalColumn("regio")] }
    #expect(misspelt.contains("--categorical names 'regio'") && misspelt.contains("did you mean 'region'?"))
  }

  @Test func `a column may have a colon in its name`() {
    #expect(CategoricalColumn("a:b", among: ["a:b", "a"]) == CategoricalColumn("a:b"))
    #expect(CategoricalColumn("a:b:c", among: ["a:b"]) == CategoricalColumn("a:b", reference: "c"))
    #expect(CategoricalColumn("a:b:c", among: ["a"]) == CategoricalColumn("a", reference: "b:c"))
  }

  @Test func `agreed levels are those of every institution`() throws {
    let folder = try ScratchFolder()
    func agree(_ json: String) throws -> AgreedLevels {
      try Data(json.utf8).write(to: URL(filePath: folder.file("levels.json")))
      return try AgreedLevels(path: folder.file("levels.json"))
    }
    let levels = try agree(#"{"region": ["B", "A", "C"]}"#)
    let (_, names, x) = try rows(Self.header + "1,2,30,C\n", in: folder, "site") { $0.agreed = levels }
    #expect(names == ["age", "region=A", "region=C"] && x == [30, 0, 1])
    let unknown = refusal(Self.header + "1,2,30,A\n1,2,30,D\n", in: folder) { $0.agreed = levels }
    #expect(
      unknown.contains(
        "line 3, column 'region': 'D' is none of the levels that \(levels.path) lists: B, A, C; correct it"))
    let coded = try agree(#"{"age": [30, 40]}"#)
    #expect(
      try rows(Self.header + "1,2,40.0,A\n1,2,30,C\n", in: folder, "coded") { $0.agreed = coded }.x == [1, 0, 0, 1])
    #expect(refusal(Self.first, in: folder) { $0.agreed = try agree(#"{"sex": ["f", "m"]}"#) }.contains("names 'sex'"))
    for (json, words) in [
      ("region: [A, B]", "is no list of levels; write it as"), (#"{"region": []}"#, "'region' has no level"),
      (#"{"region": ["A", "A"]}"#, "'region' has a level twice: A, A"),
    ] {
      #expect(failure { _ = try agree(json) }?.message.contains(words) == true)
    }
    #expect(failure { _ = try AgreedLevels(path: folder.file("none.json")) }?.exitCode == .noInput)
  }

  @Test func `new tables become what earlier ones became`() throws {
    let folder = try ScratchFolder()
    let all = try rows(Self.first, in: folder, "all")
    let earlier = try EarlierEncoding(shards: folder.file("all"))
    // A single row without an outcome, with columns in another order.
    let new = try rows("region,age,t\nC,35,1\n", in: folder, "new") {
      ($0.earlier, $0.mayLack) = (earlier, [.outcome])
    }
    #expect(new.names == all.names && new.x == [35, 0, 1])
    #expect(new.summary.findings == [.note(.outcomeLacking, [.column: .name("y")])])
    #expect(!(try ShardCollection.open([folder.file("new")])).roles.contains(.outcome))
    // The mean is that of the earlier rows.
    let filled = try rows(Self.header + "1,2,NA,B\n2,3,60,A\n", in: folder, "filled") {
      ($0.earlier, $0.missing) = (earlier, .mean)
    }
    #expect(filled.x == [40, 1, 0, 60, 0, 0])
    // Renamed columns take the places of the covariates; those of the same names are found.
    let renamed = try rows("t,y,years,land\n1,2,30,B\n", in: folder, "renamed") {
      ($0.earlier, $0.covariates) = (earlier, earlier.columns(["years", "land"]))
    }
    #expect(renamed.names == all.names && renamed.x == [30, 1, 0])
    #expect(earlier.columns(["region", "age"]) == ["age", "region"] && earlier.columns([]) == ["age", "region"])
  }

  @Test func `what an earlier encoding does not know is refused`() throws {
    let folder = try ScratchFolder()
    _ = try rows(Self.first, in: folder, "all")
    let earlier = try EarlierEncoding(shards: folder.file("all"))
    let path = folder.file("all")
    for (text, words) in [
      ("1,2,30,A\n1,2,30,D\n", "line 3, column 'region': 'D' is none of the levels that \(path) knows: A, B, C; "),
      ("1,2,old,A\n", "line 2, column 'age': 'old' is not a number, as in \(path); "),
      ("1,2,30,NA\n", "covariate 'region' misses 1 value, and for them there is none of the levels that \(path) knows"),
    ] {
      let message = refusal(Self.header + text, in: folder) { ($0.earlier, $0.missing) = (earlier, .mean) }
      #expect(message.contains(words), "\(message)")
    }
    for covariates in [["age"], ["region", "years"], ["land", "age"]] {
      let message = refusal("t,y,age,region,years,land\n1,2,30,A,30,A\n", in: folder) {
        ($0.earlier, $0.covariates) = (earlier, earlier.columns(covariates))
      }
      #expect(
        message.contains("and \(path) has age, region; name a column for each of these, in this order"), "\(message)")
    }
    var unknown = earlier
    unknown.means = [:]
    let mean = refusal(Self.header + "1,2,NA,A\n", in: folder) { ($0.earlier, $0.missing) = (unknown, .mean) }
    #expect(mean.contains("covariate 'age' misses values, and \(path) does not say its mean"))
  }
}
