import TestSupport
import Testing

/// The groups that are found are the true ones, on one draw of two scenarios; `make accuracy` makes the table of many.
@Suite(
  .inputs { folder in
    try simulate("--scenario linear --groups 3 --covariates 3 --out linear", in: folder)
    try simulate("--scenario poly --groups 2 --covariates 5 --out poly", in: folder)
  }) struct AccuracyTests
{
  @Test(arguments: [("linear", 3), ("poly", 2)])
  func `The default fit finds the sources`(scenario: String, groups: Int) throws {
    let report = try train([scenario, "--groups", "\(groups)"])
    #expect(report.rows == 3000)
    #expect(try #require(report.accuracy) >= 0.85)
    #expect(try #require(report.adjustedRandIndex) > 0.5)
  }
}
