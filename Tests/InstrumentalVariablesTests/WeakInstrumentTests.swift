import InstrumentalVariables
import Statistics
import TestSupport
import Testing

@Suite struct WeakInstrumentTests {
  let fixture = InstrumentalFixture.shared
  static let kinds = ["unadjusted", "hc0", "cluster"]

  @Test(arguments: InstrumentalFixture.sections, kinds)
  func `tests of given coefficients are those of ivmodels and of the scores of rows`(
    section: String, kind: String
  ) throws {
    let regression = try fixture.regression(section)
    for entry in fixture.section(section).weakTests {
      let expected = try #require(entry.tests[kind])
      let test = try regression.andersonRubin(entry.b, InstrumentalCovariance(kind))
      #expect(abs(test.statistic / expected.andersonRubin - 1) < 1e-9)
      #expect(abs(test.pValue / expected.andersonRubinP - 1) < 1e-7)
      let multiplier = try regression.lagrangeMultiplier(entry.b, InstrumentalCovariance(kind))
      #expect(abs(multiplier.statistic / expected.lagrangeMultiplier - 1) < 1e-8)
      #expect(abs(multiplier.pValue / expected.lagrangeMultiplierP - 1) < 1e-7)
      if let expected = entry.conditionalLikelihoodRatio {
        let ratio = try #require(try regression.conditionalLikelihoodRatio(entry.b[0]))
        #expect(abs(ratio.statistic / expected.statistic - 1) < 1e-8)
        // ivmodels integrates to an absolute error.
        #expect(abs(ratio.pValue - expected.pValue) < 1e-9)
      }
    }
  }

  @Test(arguments: InstrumentalFixture.sections)
  func `Anderson-Rubin sets end where a scan of all directions does`(section: String) throws {
    let regression = try fixture.regression(section)
    for expected in fixture.section(section).sets {
      let set = try regression.andersonRubinSet(expected.weights, InstrumentalCovariance(expected.kind))
      let ends = set.intervals.flatMap { [$0.lower, $0.upper] }.filter(\.isFinite)
      #expect(relativeDistance(ends, expected.ends) < 1e-7, "\(expected.kind) \(expected.weights): \(set.intervals)")
      #expect(set.isBounded != expected.isUnbounded)
      #expect(set.isLine == (expected.isUnbounded && expected.ends.isEmpty))
      if expected.kind == "unadjusted" {
        let closed = try regression.subsetAndersonRubinSet(expected.weights)
        let roots = closed.intervals.flatMap { [$0.lower, $0.upper] }.filter(\.isFinite)
        #expect(relativeDistance(roots, expected.ends) < 1e-8)
        #expect(closed.isBounded == set.isBounded)
      }
    }
  }

  @Test(arguments: ["single", "feeble"])
  func `sets hold what their tests do not reject and end where the p-value is the level`(section: String) throws {
    let regression = try fixture.regression(section)
    let critical = 0.05
    let tests: [(ConfidenceSet, (Double) throws -> Double)] = [
      (try regression.andersonRubinSet([1]), { try regression.andersonRubin([$0]).pValue }),
      (try regression.lagrangeMultiplierSet([1]), { try regression.lagrangeMultiplier([$0]).pValue }),
      (
        try #require(try regression.conditionalLikelihoodRatioSet()),
        { try #require(try regression.conditionalLikelihoodRatio($0)).pValue }
      ),
    ]
    for (set, pValue) in tests {
      #expect(!set.isEmpty)
      for end in set.intervals.flatMap({ [$0.lower, $0.upper] }) where end.isFinite {
        #expect(abs(try pValue(end) - critical) < 1e-7)
      }
      for value in stride(from: -20.0, through: 20, by: 0.37) {
        #expect(set.contains(value) == (try pValue(value) > critical), "\(value) in \(set.intervals)")
      }
    }
  }

  @Test func `sets of strong instruments lie around the estimate, and projection widens them`() throws {
    let regression = try fixture.regression("strong")
    let l = [1.0, 20]
    let (estimate, error) = try regression.estimate(.twoStage).combination(l)
    let profiled = try regression.andersonRubinSet(l)
    let projected = try regression.andersonRubinSet(l, nuisance: .projected)
    let multiplier = try regression.lagrangeMultiplierSet(l)
    for set in [profiled, projected, multiplier] {
      #expect(set.intervals.contains { $0.lower < estimate && estimate < $0.upper })
    }
    let (narrow, wide) = (try #require(profiled.intervals.first), try #require(projected.intervals.first))
    #expect(wide.lower < narrow.lower && narrow.upper < wide.upper)
    #expect(narrow.upper - narrow.lower > 2 * error)
  }

  @Test func `a model that is rejected at every value has an empty set`() throws {
    // An instrument that moves the outcome directly.
    var sample = fixture.sample("single")
    sample.z = sample.z.enumerated().map { i, z in z + [sample.d[i][0] + 3 * z[1] + 0.4 * Double(i % 7)] }
    sample.y = sample.y.enumerated().map { i, y in y + 8 * sample.z[i][2] - 6 * sample.z[i][3] }
    let regression = try sample.regression()
    #expect(try #require(try regression.hansenJ()).pValue < 1e-6)
    #expect(try regression.andersonRubinSet([1]).isEmpty)
    #expect(try regression.subsetAndersonRubinSet([1]).isEmpty)
  }
}
