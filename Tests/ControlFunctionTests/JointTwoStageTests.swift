import ControlFunction
import Diagnostics
import LinearAlgebra
import Mixture
import TestSupport
import Testing

/// `two_stage.json`: the difference of the two effects with its covariance, in plain numpy.
private struct TwoStageOracle: Decodable {
  struct Section: Decodable {
    let model: JointFixture.Model
    let coefficients: [Double]
    let difference: [Double]
    let covariance: [[Double]]
    let independent: [[Double]]
  }
  let unweighted: Section
  let weighted: Section
}

@Suite struct JointTwoStageTests {
  private let fixture: JointFixture
  private let oracle: TwoStageOracle

  init() throws {
    fixture = try JointFixture.load()
    oracle = try TestSupport.oracle("two_stage.json")
  }

  private func comparison(isWeighted: Bool) throws -> (JointTwoStage, TwoStageDifference) {
    let design = try fixture.design(isWeighted: isWeighted)
    let model = (isWeighted ? oracle.weighted : oracle.unweighted).model.mixture(hasFreeShifts: false)
    let statistics = try design.statistics(of: [model])[0]
    let other = try #require(JointTwoStage(statistics, exogenous: 6, selection: 3))
    let difference = try TwoStageDifference.between(
      model, JointCovariance.estimate(model, on: design), and: other, columns: [6, 7], on: design)
    return (other, difference)
  }

  @Test(arguments: [false, true])
  func `two-stage least squares on posteriors is that of numpy on rows`(isWeighted: Bool) throws {
    let expected = isWeighted ? oracle.weighted : oracle.unweighted
    #expect(distance(try comparison(isWeighted: isWeighted).0.coefficients, expected.coefficients) < 1e-8)
  }

  /// Numpy's information is a difference of scores with step 1e-5.
  @Test(arguments: [false, true])
  func `the covariance of two estimates from the same rows is that of the stacked estimators`(isWeighted: Bool) throws {
    let expected = isWeighted ? oracle.weighted : oracle.unweighted
    let (_, difference) = try comparison(isWeighted: isWeighted)
    #expect(distance(difference.values, expected.difference) < 1e-8)
    for (i, row) in expected.covariance.enumerated() {
      for (j, value) in row.enumerated() {
        let scale = (expected.covariance[i][i] * expected.covariance[j][j]).squareRoot()
        #expect(abs(difference.covariance[i, j] - value) < 1e-5 * scale)
      }
    }
    // Were they independent, their errors would add; here that would be too much by far.
    #expect(difference.covariance[1, 1] < 0.5 * expected.independent[1][1])
  }

  @Test func `groups that are all alike give no two-stage estimate`() throws {
    let design = try fixture.design()
    var model = oracle.unweighted.model.mixture(hasFreeShifts: false)
    // Posteriors are the same in all rows: the instruments are those of the columns of x, too few for t and t².
    for k in 1..<3 {
      model.selectionCoefficients[k] = model.selectionCoefficients[0]
      (model.selectionDeviations[k], model.outcomeDeviations[k]) = (
        model.selectionDeviations[0], model.outcomeDeviations[0]
      )
      model.endogeneities[k] = model.endogeneities[0]
    }
    #expect(JointTwoStage(try design.statistics(of: [model])[0], exogenous: 6, selection: 3) == nil)
  }
}
