import Communication
import Features
import Frames
import LinearAlgebra
import Mixture
import ModelTestSupport
import TestSupport
import Testing

/// products.json.
private struct ProductOracle: Decodable {
  struct Pair: Decodable {
    let common: Double
    let byGroup: Double
    let commonP: Double
    let byGroupP: Double
    let bic: Double
  }

  struct Fit: Decodable {
    let shares: [Double]
    let coefficients: [[Double]]
    let sigma: [Double]
    let pairs: [Pair]

    var model: RegressionMixture {
      RegressionMixture(mixingWeights: shares, coefficients: coefficients, standardDeviations: sigma)
    }
  }

  let x: [[Double]]
  let t: [Double]
  let pairs: [[Int]]
  let sampling: [Double]
  let frequency: [Double]
  let plain: Fit
  let sampled: Fit
  let repeated: Fit

  func fit(_ kind: WeightKind?) -> Fit { kind.map { $0 == .frequency ? repeated : sampled } ?? plain }

  func rows(_ kind: WeightKind?) -> TestRows {
    TestRows(
      covariates: x[0].indices.map { j in x.map { $0[j] } }, treatment: t,
      weight: kind.map { $0 == .frequency ? frequency : sampling })
  }

  var features: PolynomialBasis {
    PolynomialBasis(monomials: pairs, covariateNames: ["a", "b", "c"], origin: [0, 0, 0])
  }
}

@Suite struct OmittedFeaturesTests {
  private let oracle: ProductOracle
  init() throws { oracle = try TestSupport.oracle("products.json") }

  private func tests(_ kind: WeightKind?, on communicator: any Communicator = SoloCommunicator()) throws
    -> [OmittedFeatures.Tests]
  {
    let rows = oracle.rows(kind)
    let partition = Partition(grid: RowGrid(rowCount: rows.rowCount, chunkLength: 32), ranks: communicator.size)
    let table = try rows.table(partition, on: communicator)
    if let kind { try table.takeWeights(as: kind) }
    let design = Design(table: table, featureNames: table.covariateNames, features: nil)
    return try design.tests(omitting: oracle.features, from: oracle.fit(kind).model).tests.map { try #require($0) }
  }

  @Test(arguments: [nil, WeightKind.sampling, .frequency])
  func `statistics and p values are those of scores by differences`(kind: WeightKind?) throws {
    for (found, expected) in zip(try tests(kind), oracle.fit(kind).pairs) {
      let byGroup = try #require(found.byGroup)
      #expect(distance([found.common.statistic, byGroup.statistic], [expected.common, expected.byGroup]) < 1e-7)
      #expect(distance([found.common.pValue, byGroup.pValue], [expected.commonP, expected.byGroupP]) < 1e-7)
      #expect(found.common.degreesOfFreedom == 1 && byGroup.degreesOfFreedom == 2)
    }
  }

  @Test(arguments: [nil, WeightKind.sampling, .frequency])
  func `the BIC of the fit with the product is the reference's`(kind: WeightKind?) throws {
    let fit = oracle.fit(kind)
    for (pair, expected) in zip(oracle.pairs, fit.pairs) {
      let basis = PolynomialBasis(linearWith: [pair], covariateNames: ["a", "b", "c"])
      let table = try oracle.rows(kind).table()
      var start = fit.model
      start.coefficients = start.coefficients.map { $0 + [0] }
      let larger = try Design(table: table, representation: basis).converged(from: start)
      let total = oracle.rows(kind).weight?.reduce(0, +) ?? Double(oracle.t.count)
      let bic = -2 * larger.logLikelihood + Double(larger.model.parameterCount) * Elementary.log(total)
      #expect(distance([bic], [expected.bic]) < 1e-9)
    }
  }

  @Test func `statistics have the same bits on any ranks`() throws {
    let expected = try tests(.sampling)
    for ranks in [2, 3, 8] {
      let found = try LoopbackCommunicator.run(ranks: ranks) { try tests(.sampling, on: $0) }
      #expect(found.allSatisfy { $0 == expected })
    }
  }

  @Test func `a frequency of two is a row twice`() throws {
    let order = oracle.t.indices.flatMap { Array(repeating: $0, count: Int(oracle.frequency[$0])) }
    let repeated = try oracle.rows(nil).rows(order).design()
    let found = try repeated.tests(omitting: oracle.features, from: oracle.repeated.model).tests
    for (one, other) in zip(found, try tests(.frequency)) {
      let one = try #require(one)
      #expect(abs(one.common.statistic - other.common.statistic) < 1e-9 * (1 + other.common.statistic))
      #expect(abs(one.byGroup!.statistic - other.byGroup!.statistic) < 1e-9 * (1 + other.byGroup!.statistic))
    }
  }

  @Test func `a feature that the regressions hold has no test`() throws {
    let line = PolynomialBasis(monomials: [[1], [0, 1]], covariateNames: ["a", "b", "c"], origin: [0.5, 2, 0])
    let found = try oracle.rows(nil).design().tests(omitting: line, from: oracle.plain.model).tests
    #expect(found[0] == nil)
    // (a + .5)(b + 2) is a b and what the regressions hold.
    let moved = try #require(found[1]?.byGroup)
    #expect(abs(moved.statistic - oracle.plain.pairs[0].byGroup) < 1e-6)
  }
}
