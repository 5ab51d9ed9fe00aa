import InstrumentalVariables
import Regression
import TestSupport
import Testing

@Suite struct EstimateTests {
  let fixture = InstrumentalFixture.shared
  static let names = ["ordinary", "twoStage", "liml", "fuller", "hful", "jive", "ujive", "gmm", "gmmCluster"]

  @Test(arguments: InstrumentalFixture.sections, names)
  func `coefficients and all covariances are those of other programs and of the formulas row by row`(
    section: String, name: String
  ) throws {
    let regression = try fixture.regression(section)
    let expected = try #require(fixture.section(section).estimates[name])
    for (kind, covariance) in expected.covariances {
      let estimate = try regression.estimate(InstrumentalEstimator(name), covariance: InstrumentalCovariance(kind))
      #expect(relativeDistance(estimate.coefficients, expected.coefficients) < 1e-9, "\(kind)")
      #expect(relativeDistance(estimate.covariance.values, Array(covariance.joined())) < 1e-8, "\(kind)")
      if let k = expected.k { #expect(abs(try #require(estimate.k) - k) < 1e-11) }
      if let controls = expected.controls {
        #expect(relativeDistance(estimate.controlCoefficients, controls) < 1e-9)
      }
    }
  }
}
