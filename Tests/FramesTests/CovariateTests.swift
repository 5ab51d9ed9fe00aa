import Frames
import Testing

@Suite struct CovariateTests {
  @Test func `a covariate has an indicator for every level but the reference`() {
    #expect(Covariate("age").columnNames == ["age"])
    #expect(Covariate("region", levels: ["C", "A", "B"]).columnNames == ["region=A", "region=B"])
    #expect(Covariate("region", levels: ["B"]).columnNames.isEmpty)
  }

  @Test(
    arguments: [
      ([["A", "C"], ["B", "C"]], ["A", "B", "C"]),
      ([["B"], ["A", "C"]], ["A", "B", "C"]),
      // A reference that all share stays; else it is the first in the order of code points.
      ([["C", "A"], ["C", "B"], ["C"]], ["C", "A", "B"]),
      ([["C", "A"], ["A", "B"]], ["A", "B", "C"]),
      ([["B", "A"], ["B", "A"]], ["B", "A"]),
      // Missing is no level like others.
      ([["a", "z", "(missing)"], ["a", "ä"]], ["a", "z", "ä", "(missing)"]),
      ([["(missing)"], ["a"]], ["a", "(missing)"]),
      ([], []),
    ] as [([[String]], [String])])
  func `levels of several files are taken together in any order of the files`(lists: [[String]], all: [String]) {
    #expect(unitedLevels(lists) == all)
    #expect(unitedLevels(lists.reversed()) == all)
  }

  @Test func `a schema says what its covariates stand for`() throws {
    let columns = ["age", "sex=m"].map { Column($0, .covariate) } + [Column("t", .treatment)]
    let covariates = [Covariate("age"), Covariate("sex", levels: ["f", "m"]), Covariate("region", levels: ["A"])]
    let schema = try Schema(columns, covariates: covariates)
    #expect(schema.covariates == covariates)
    #expect(try Schema(columns).covariates == [Covariate("age"), Covariate("sex=m")])
  }
}
