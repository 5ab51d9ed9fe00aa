import Communication
import Frames
import LinearAlgebra
import Mixture
import ModelTestSupport
import Statistics
import TestSupport
import Testing

/// student.json, its regressions.
private struct StudentOracle: Decodable {
  struct Model: Decodable {
    let weights: [Double]
    let coefficients: [[Double]]
    let sigma: [Double]
    let nu: Double
    let logLikelihood: Double?
  }

  struct Section: Decodable {
    let afterOne: Model
    let afterMany: Model
    let logLikelihood: [Double]
    let converged: Model
  }

  struct Start: Decodable {
    let weights: [Double]
    let selection: [[Double]]
    let sigma: [Double]
  }

  let x: [[Double]]
  let t: [Double]
  let rowWeights: [Double]
  let degrees: Double
  let start: Start
  let regressionFixed: Section
  let regressionEstimated: Section
  let regressionWeightedFixed: Section
  let regressionWeightedEstimated: Section
  let arguments: [Double]
  let logGamma: [Double]
  let digamma: [Double]

  func section(isWeighted: Bool, isEstimated: Bool) -> Section {
    isWeighted
      ? isEstimated ? regressionWeightedEstimated : regressionWeightedFixed
      : isEstimated ? regressionEstimated : regressionFixed
  }

  func rows(isWeighted: Bool) -> TestRows {
    TestRows(covariates: [x.map { $0[0] }, x.map { $0[1] }], treatment: t, weight: isWeighted ? rowWeights : nil)
  }

  func model(isEstimated: Bool) -> RegressionMixture {
    RegressionMixture(
      mixingWeights: start.weights, coefficients: start.selection, standardDeviations: start.sigma,
      errors: StudentErrors(degreesOfFreedom: isEstimated ? nil : degrees))
  }
}

@Suite struct StudentErrorsTests {
  private let oracle: StudentOracle
  init() throws { oracle = try TestSupport.oracle("student.json") }

  private func expectEqual(_ model: RegressionMixture, _ expected: StudentOracle.Model, _ tolerance: Double) {
    #expect(distance(model.mixingWeights, expected.weights) < tolerance)
    #expect(distance(model.coefficients, expected.coefficients) < tolerance)
    #expect(distance(model.standardDeviations, expected.sigma) < tolerance)
    #expect(abs(model.errors!.degreesOfFreedom - expected.nu) < tolerance * expected.nu)
  }

  @Test(arguments: [false, true], [false, true])
  func `passes are those of the reference, and so is the maximum`(isWeighted: Bool, isEstimated: Bool) throws {
    let design = try oracle.rows(isWeighted: isWeighted).design()
    let section = oracle.section(isWeighted: isWeighted, isEstimated: isEstimated)
    let start = oracle.model(isEstimated: isEstimated)
    expectEqual(try design.passes(1, from: start).model, section.afterOne, 1e-10)
    let many = try design.passes(25, from: start)
    expectEqual(many.model, section.afterMany, 1e-8)
    #expect(distance(many.trace, Array(section.logLikelihood.prefix(25))) < 1e-11)
    let converged = try design.expectationMaximization(
      [Fit(start: 0, model: start)], convergence: Convergence(tolerance: 1e-13, maximumPasses: 3000))[0]
    #expect(abs(converged.logLikelihood - section.converged.logLikelihood!) < 1e-6)
    #expect(zip(many.trace, many.trace.dropFirst()).allSatisfy { $1 >= $0 - 1e-10 })
    #expect(start.parameterCount == (isEstimated ? 15 : 14))
  }

  @Test func `sums have the same bits on any ranks`() throws {
    let rows = oracle.rows(isWeighted: true)
    let model = oracle.model(isEstimated: true)
    let grid = RowGrid(rowCount: rows.rowCount, chunkLength: 64)
    @Sendable func statistics(_ communicator: any Communicator) throws -> [Double] {
      try rows.design(Partition(grid: grid, ranks: communicator.size), on: communicator).statistics(of: [model])[0]
        .summands
    }
    let expected = try statistics(SoloCommunicator())
    for ranks in [2, 3, 8] {
      #expect(try LoopbackCommunicator.run(ranks: ranks) { try statistics($0) }.allSatisfy { $0 == expected })
    }
  }

  @Test func `units of the treatment change its scale alone`() throws {
    var scaled = oracle.rows(isWeighted: false)
    scaled.treatment = scaled.treatment.map { 64 * $0 }
    let start = oracle.model(isEstimated: true)
    var other = start
    other.coefficients = start.coefficients.map { $0.map { 64 * $0 } }
    other.standardDeviations = start.standardDeviations.map { 64 * $0 }
    let (one, two) = (
      try oracle.rows(isWeighted: false).design().passes(20, from: start), try scaled.design().passes(20, from: other)
    )
    #expect(abs(one.model.errors!.degreesOfFreedom - two.model.errors!.degreesOfFreedom) < 1e-9)
    #expect(distance(one.model.coefficients.map { $0.map { 64 * $0 } }, two.model.coefficients) < 1e-9)
  }

  @Test func `with many degrees of freedom the law is next to normal`() throws {
    let design = try oracle.rows(isWeighted: false).design()
    var normal = oracle.model(isEstimated: false)
    normal.errors = nil
    var student = normal
    student.errors = StudentErrors(degreesOfFreedom: 1e9)
    let (one, two) = try (design.statistics(of: [normal])[0], design.statistics(of: [student])[0])
    #expect(abs(one.logLikelihood - two.logLikelihood) < 1e-3)
    for k in 0..<3 { #expect(abs(one.count(k) - two.count(k)) < 1e-4) }
  }

  @Test func `the gamma function and its derivative are scipy's`() {
    for (a, (logGamma, digamma)) in zip(oracle.arguments, zip(oracle.logGamma, oracle.digamma)) {
      #expect(abs(Elementary.logGamma(a) - logGamma) < 1e-13 * (1 + abs(logGamma)))
      #expect(abs(Elementary.digamma(a) - digamma) < 1e-13 * (1 + abs(digamma)))
    }
  }
}
