import Communication
import ControlFunction
import Frames
import LinearAlgebra
import Mixture
import TestSupport
import Testing

/// student.json, its joint models.
private struct StudentFixture: Decodable {
  struct Model: Decodable {
    let outcome: [Double]
    let kappa: [Double]
    let tau: [Double]
    let selection: [[Double]]
    let sigma: [Double]
    let weights: [Double]
    let nu: Double?
    let logLikelihood: Double?

    func mixture(_ errors: StudentErrors) -> JointMixture {
      var mixture = JointMixture(
        mixingWeights: weights, selectionCoefficients: selection, selectionDeviations: sigma,
        outcomeCoefficients: outcome, endogeneities: kappa, outcomeDeviations: tau)
      mixture.errors = errors
      return mixture
    }
  }

  struct Section: Decodable {
    let afterOne: Model
    let afterMany: Model
    let logLikelihood: [Double]
    let converged: Model
    let covariance: [[Double]]?
  }

  let x: [[Double]]
  let t: [Double]
  let y: [Double]
  let rowWeights: [Double]
  let degrees: Double
  let start: Model
  let jointFixed: Section
  let jointEstimated: Section
  let jointWeightedFixed: Section
  let jointWeightedEstimated: Section

  func section(isWeighted: Bool, isEstimated: Bool) -> Section {
    isWeighted
      ? isEstimated ? jointWeightedEstimated : jointWeightedFixed : isEstimated ? jointEstimated : jointFixed
  }

  /// The columns (1, x1, x2, x1², x1 x2, x2², t², t, y).
  func design(isWeighted: Bool) throws -> Design {
    try quadraticDesign(x, t, y, weight: isWeighted ? rowWeights : nil)
  }
}

@Suite struct JointStudentTests {
  private let fixture: StudentFixture
  init() throws { fixture = try TestSupport.oracle("student.json") }

  private func isClose(_ actual: [Double], _ expected: [Double], _ tolerance: Double) -> Bool {
    let scale = max(1, expected.map(abs).max() ?? 1)
    return actual.count == expected.count && zip(actual, expected).allSatisfy { abs($0 - $1) <= tolerance * scale }
  }

  private func expectEqual(_ model: JointMixture, _ expected: StudentFixture.Model, _ tolerance: Double) {
    #expect(isClose(model.outcomeCoefficients, expected.outcome, tolerance))
    #expect(isClose(model.endogeneities, expected.kappa, tolerance))
    #expect(isClose(model.outcomeDeviations, expected.tau, tolerance))
    #expect(isClose(model.selectionCoefficients.flatMap { $0 }, expected.selection.flatMap { $0 }, tolerance))
    #expect(isClose(model.selectionDeviations, expected.sigma, tolerance))
    #expect(isClose(model.mixingWeights, expected.weights, tolerance))
    #expect(isClose([model.errors!.degreesOfFreedom], [expected.nu!], tolerance))
  }

  @Test(arguments: [false, true], [false, true])
  func `passes with errors of a t law are those of the reference`(isWeighted: Bool, isEstimated: Bool) throws {
    let design = try fixture.design(isWeighted: isWeighted)
    let section = fixture.section(isWeighted: isWeighted, isEstimated: isEstimated)
    let start = Fit(
      start: 0, model: fixture.start.mixture(StudentErrors(degreesOfFreedom: isEstimated ? nil : fixture.degrees)))
    for (passes, expected) in [(1, section.afterOne), (25, section.afterMany)] {
      let fit = try design.expectationMaximization(
        [start], convergence: Convergence(tolerance: -.greatestFiniteMagnitude, maximumPasses: passes))[0]
      expectEqual(fit.model, expected, passes == 1 ? 1e-9 : 1e-7)
      #expect(isClose(fit.trace, Array(section.logLikelihood.prefix(passes)), 1e-10))
    }
    let fit = try design.acceleratedMaximization(
      [JointAcceleration(start)], convergence: Convergence(tolerance: 1e-11))[0].finished
    #expect(abs(fit.logLikelihood - section.converged.logLikelihood!) < 1e-5)
    #expect(zip(fit.trace, fit.trace.dropFirst()).allSatisfy { $1 >= $0 - 1e-9 })
  }

  @Test(arguments: [false, true])
  func `the covariance is the sandwich of the reference`(isWeighted: Bool) throws {
    let section = fixture.section(isWeighted: isWeighted, isEstimated: false)
    let model = section.converged.mixture(StudentErrors(degreesOfFreedom: fixture.degrees))
    let covariance = try JointCovariance.estimate(model, on: fixture.design(isWeighted: isWeighted))
    let actual = covariance.block(
      Array(covariance.parameters.outcome) + Array(covariance.parameters.endogeneities))
    let expected = try #require(section.covariance)
    for (i, row) in expected.enumerated() {
      for (j, value) in row.enumerated() {
        #expect(abs(actual[i, j] - value) < 1e-5 * (expected[i][i] * expected[j][j]).squareRoot())
      }
    }
    #expect(covariance.standardErrors(covariance.parameters.outcome).allSatisfy { $0 > 0 })
  }
}
