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
}
