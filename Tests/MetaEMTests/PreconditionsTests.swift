import Communication
import Diagnostics
import MetaEM
import ModelTestSupport
import TestSupport
import Testing

/// Data that cannot be fitted: the message names what is wrong and the remedy.
@Suite struct PreconditionsTests {
  private func message(
    _ rows: TestRows, _ configuration: Configuration, names: [String]? = nil
  ) throws -> String {
    let failure = try #require(try TestShards(rows, covariateNames: names).failure(configuration))
    #expect(failure.exitCode == .data)
    #expect(!failure.message.contains("\n") && !failure.message.hasSuffix("."))
    return failure.message
  }

  @Test func `One row`() throws {
    let found = try message(TestRows(covariates: [[1], [2]], treatment: [3]), Configuration(groups: 2))
    #expect(
      found == "1 row for --groups 2 and 2 covariates: at least 10 are needed; give more rows, fewer groups or fewer "
        + "covariates")
  }

  @Test func `Fewer rows than parameters`() throws {
    let rows = TestRows(rowCount: 17, covariateCount: 3, groups: 1, seed: 1)
    #expect(
      try message(rows, Configuration(groups: 3)).hasPrefix("17 rows for --groups 3 and 3 covariates: at least 18"))
  }

  @Test func `A constant covariate`() throws {
    var rows = TestRows(rowCount: 500, covariateCount: 3, groups: 2, seed: 2)
    rows.covariates[1] = Array(repeating: 0.1, count: 500)
    let found = try message(rows, Configuration(groups: 2), names: ["age", "site", "dose"])
    #expect(
      found == "covariate 'site' is constant (0.1 in all 500 rows); leave it out with giv-dist shard --covariates")
  }

  @Test func `A constant treatment`() throws {
    var rows = TestRows(rowCount: 500, covariateCount: 3, groups: 2, seed: 3)
    rows.treatment = Array(repeating: 1, count: 500)
    let found = try message(rows, Configuration(groups: 2))
    #expect(found.hasPrefix("treatment 't' is constant (1.0 in all 500 rows)") && !found.contains("leave"))
  }

  @Test(arguments: [0.0, 1e6]) func `Collinear covariates, near the origin and far from it`(shift: Double) throws {
    var rows = TestRows(rowCount: 2000, covariateCount: 3, groups: 2, seed: 4)
    rows.covariates.append((0..<2000).map { shift + 2 * rows.covariates[0][$0] - rows.covariates[1][$0] })
    let found = try message(rows, Configuration(groups: 2), names: ["a", "b", "c", "d"])
    #expect(found.hasPrefix("covariate 'd' is a linear combination of the covariates before it; leave one of them out"))
  }

  @Test func `All levels of a category as indicators`() throws {
    var rows = TestRows(rowCount: 600, covariateCount: 1, groups: 2, seed: 5)
    for level in 0..<3 { rows.covariates.append((0..<600).map { $0 % 3 == level ? 1 : 0 }) }
    let found = try message(rows, Configuration(groups: 2), names: ["x", "red", "green", "blue"])
    #expect(found.contains("'blue'") && found.contains("one level"))
  }

  @Test(arguments: [1, 1e-6, 1e6]) func `A treatment that is linear in the covariates`(unit: Double) throws {
    var rows = TestRows(rowCount: 2000, covariateCount: 3, groups: 2, seed: 6)
    rows.treatment = (0..<2000).map { unit * (5 + rows.covariates[0][$0] - 3 * rows.covariates[2][$0]) }
    let found = try message(rows, Configuration(groups: 2))
    #expect(found.hasPrefix("treatment 't' is a linear function of the covariates") && found.contains("leave out"))
  }

  @Test(arguments: [1, 2, 3]) func `More groups than distinct rows, on any ranks`(ranks: Int) throws {
    let rows = TestRows(
      covariates: [(0..<3000).map { Double($0 % 2) }], treatment: (0..<3000).map { Double($0 % 2 * 3) })
    let shards = try TestShards(rows)
    let failure = #expect(throws: Failure.self) { try shards.train(Configuration(groups: 3), ranks: ranks) }
    #expect(
      failure
        == Failure(
          .data, "only 2 rows are distinct in covariates and treatment, fewer than --groups 3; choose fewer groups"))
  }

  @Test func `Data that can be fitted are not refused`() throws {
    var rows = TestRows(rowCount: 400, covariateCount: 2, groups: 2, seed: 7)
    // An indicator, a column of large offset and small spread, and columns of high correlation are all right.
    rows.covariates.append((0..<400).map { $0 % 5 == 0 ? 1 : 0 })
    rows.covariates[0] = rows.covariates[0].map { 1e6 + $0 }
    rows.covariates.append((0..<400).map { rows.covariates[1][$0] + 1e-3 * Double($0 % 7) })
    #expect(try TestShards(rows).failure(configuration(groups: 2) { $0.starts = 2 }) == nil)
  }
}
