import Communication
import Diagnostics
import InstrumentalVariables
import Regression
import Statistics
import TestSupport
import Testing

@Suite struct SpecificationTests {
  let fixture = InstrumentalFixture.shared

  @Test(arguments: InstrumentalFixture.sections)
  func `tests of instruments and of exogeneity are those of linearmodels`(section: String) throws {
    let (regression, expected) = (try fixture.regression(section), fixture.section(section))
    let wuHausman = try regression.wuHausman()
    let chiSquare: [(String, ChiSquareTest?)] = [
      ("sargan", try regression.sargan()), ("basmann", try regression.basmann()), ("durbin", try regression.durbin()),
      ("wooldridge", try regression.wooldridge()), ("wooldridgeUnadjusted", try regression.wooldridge(.unadjusted)),
      ("wooldridgeCluster", try regression.wooldridge(.clustered([0]))),
    ]
    let found = try chiSquare.map { ($0.0, try #require($0.1).statistic, $0.1!.pValue) }
    for (name, statistic, pValue) in found + [("wuHausman", wuHausman.statistic, wuHausman.pValue)] {
      let expected = try #require(expected.tests[name])
      #expect(abs(statistic / expected.statistic - 1) < 1e-8, "\(name)")
      #expect(abs(pValue / expected.pValue - 1) < 1e-7, "\(name)")
    }
    for (name, kind) in [("gmm", "hc0"), ("gmmCluster", "cluster")] {
      let expected = try #require(expected.estimates[name])
      let test = try #require(try regression.hansenJ(InstrumentalCovariance(kind)))
      #expect(abs(test.statistic / expected.statistic! - 1) < 1e-8)
      #expect(abs(test.pValue / expected.pValue! - 1) < 1e-7)
      #expect(test.degreesOfFreedom == expected.degreesOfFreedom)
    }
  }

  @Test func `as many instruments as endogenous columns agree with each other`() throws {
    var sample = fixture.sample("strong")
    sample.z = sample.z.map { Array($0[1..<3]) }
    let regression = try sample.regression()
    #expect(try regression.sargan() == nil && regression.basmann() == nil && regression.hansenJ() == nil)
    // All estimators but the jackknives are one.
    let twoStage = try regression.estimate(.twoStage)
    for estimator in [InstrumentalEstimator.kClass(.limitedInformation), .gmm] {
      let other = try regression.estimate(estimator)
      #expect(relativeDistance(other.coefficients, twoStage.coefficients) < 1e-9)
    }
  }

  @Test(arguments: [1, 3])
  func `models that share instruments have together the J that each has alone`(ranks: Int) throws {
    let models = [[0], [1], [0, 1]]
    for section in ["strong", "weighted"] {
      let sample = fixture.sample(section)
      let isWeighted = section == "weighted"
      let together = try LoopbackCommunicator.run(ranks: ranks) { communicator in
        try OveridentificationComparison(sample.rows(on: communicator, isWeighted: isWeighted), models: models)
      }
      for (model, places) in models.enumerated() {
        var own = sample
        own.d = sample.d.map { row in places.map { row[$0] } }
        let alone = try #require(try own.regression(isWeighted: isWeighted).hansenJ())
        for comparison in together {
          let test = try #require(try comparison.tests[model].get())
          #expect(abs(test.statistic / alone.statistic - 1) < 1e-9, "\(section) \(places)")
          #expect(test.degreesOfFreedom == alone.degreesOfFreedom)
          #expect(comparison.rowCount == Double(sample.rowCount))
        }
      }
    }
  }

  @Test func `a model that instruments do not identify leaves the others their J`() throws {
    // Two endogenous columns and one instrument.
    var sample = fixture.sample("strong")
    sample.z = sample.z.map { [$0[0]] }
    let comparison = try OveridentificationComparison(sample.rows(), models: [[0, 1], [0]])
    #expect(throws: Failure.self) { try comparison.tests[0].get() }
    // As many instruments as endogenous columns.
    #expect(try comparison.tests[1].get() == nil)
  }
}
