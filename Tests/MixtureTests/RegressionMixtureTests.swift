import Diagnostics
import LinearAlgebra
import Mixture
import ModelTestSupport
import TestSupport
import Testing

/// regression.json and flexmix.json.
struct RegressionOracle: Decodable {
  struct Parameters: Decodable {
    let weights: [Double]
    let coefficients: [[Double]]
    let sigma: [Double]

    var model: RegressionMixture {
      RegressionMixture(mixingWeights: weights, coefficients: coefficients, standardDeviations: sigma)
    }
  }

  struct Stage: Decodable {
    let weights: [Double]
    let coefficients: [[Double]]
    let sigma: [Double]
    let logLikelihood: Double
    let parameterCount: Int
    let bic: Double
    let entropy: Double?
    let icl: Double?
    let responsibilities: [[Double]]?

    func distance(to model: RegressionMixture) -> Double {
      max(
        TestSupport.distance(model.mixingWeights, weights), TestSupport.distance(model.coefficients, coefficients),
        TestSupport.distance(model.standardDeviations, sigma))
    }
  }

  struct Fits: Decodable {
    let afterOne: Stage
    let afterMany: Stage
    let converged: Stage
    let logLikelihood: [Double]
  }

  struct Flexmix: Decodable {
    let initialClusters: [Int]
    let varianceFactor: Double
    let flexmix: Stage
    let maximumLikelihood: Stage
  }

  let r: [[Double]]
  let t: [Double]
  let start: Parameters
  let startResponsibilities: [[Double]]
  let unweighted: Fits
  let rowWeights: [Double]
  let weighted: Fits

  func fits(isWeighted: Bool) -> Fits { isWeighted ? weighted : unweighted }

  func design(isWeighted: Bool) throws -> Design {
    let columns = r[0].indices.map { j in r.map { $0[j] } }
    return try TestRows(covariates: columns, treatment: t, weight: isWeighted ? rowWeights : nil).design()
  }
}

@Suite struct RegressionMixtureTests {
  let oracle: RegressionOracle
  init() throws { oracle = try TestSupport.oracle("regression.json") }

  @Test(arguments: [false, true])
  func `The E step of the start gives the reference's responsibilities`(isWeighted: Bool) throws {
    let design = try oracle.design(isWeighted: isWeighted)
    let posteriors = design.posteriors(oracle.start.model)
    #expect(distance(posteriors.rows, oracle.startResponsibilities) < 1e-12)
    #expect(distance([posteriors.logLikelihood], [oracle.fits(isWeighted: isWeighted).logLikelihood[0]]) < 1e-12)
    let statistics = try design.statistics(of: [oracle.start.model])[0]
    #expect(distance([statistics.logLikelihood], [posteriors.logLikelihood]) < 1e-13)
    #expect(distance([statistics.entropy], [posteriors.entropy]) < 1e-13)
  }

  @Test(arguments: [false, true], [1, 25])
  func `Iterations give the reference's parameters`(isWeighted: Bool, iterations: Int) throws {
    let design = try oracle.design(isWeighted: isWeighted)
    let fits = oracle.fits(isWeighted: isWeighted)
    let expected = iterations == 1 ? fits.afterOne : fits.afterMany
    let fit = try design.passes(iterations, from: oracle.start.model)
    #expect(expected.distance(to: fit.model) < 1e-10)
    #expect(fit.findings.isEmpty)
    let statistics = try design.statistics(of: [fit.model])[0]
    #expect(distance(fit.trace + [statistics.logLikelihood], fits.logLikelihood.prefix(iterations + 1)) < 1e-12)
    #expect(distance([statistics.entropy], [expected.entropy!]) < 1e-10)
    if let responsibilities = expected.responsibilities {
      #expect(distance(design.posteriors(fit.model).rows, responsibilities) < 1e-10)
    }
  }

  @Test(arguments: [false, true])
  func `Criteria and the number of parameters are the reference's`(isWeighted: Bool) throws {
    let design = try oracle.design(isWeighted: isWeighted)
    let expected = oracle.fits(isWeighted: isWeighted).afterMany
    let model = try design.passes(25, from: oracle.start.model).model
    let statistics = try design.statistics(of: [model])[0]
    #expect(model.parameterCount == expected.parameterCount)
    let criteria = InformationCriteria(
      logLikelihood: statistics.logLikelihood, entropy: statistics.entropy, parameterCount: model.parameterCount,
      rowCount: statistics.total)
    #expect(distance([criteria.bic, criteria.icl], [expected.bic, expected.icl!]) < 1e-10)
  }

  @Test(arguments: [false, true])
  func `EM ends at the reference's maximum`(isWeighted: Bool) throws {
    let design = try oracle.design(isWeighted: isWeighted)
    let expected = oracle.fits(isWeighted: isWeighted).converged
    // The default tolerance stops a little short of the maximum.
    let fit = try design.expectationMaximization(
      [Fit(start: 0, model: oracle.start.model)], convergence: Convergence())[0]
    #expect(fit.isConverged)
    #expect(expected.logLikelihood - fit.logLikelihood < 1e-8 * Double(oracle.t.count) * 10)
    let longer = try design.passes(500, from: oracle.start.model)
    #expect(expected.distance(to: longer.model) < 1e-10)
  }

  @Test func `The maximum is that of flexmix, with its divisor of the variance`() throws {
    let flexmix: RegressionOracle.Flexmix = try TestSupport.oracle("flexmix.json")
    let design = try oracle.design(isWeighted: false)
    let likeliest = try design.passes(500, from: oracle.start.model).model
    #expect(flexmix.maximumLikelihood.distance(to: likeliest) < 1e-10)
    #expect(distance(design.posteriors(likeliest).rows, flexmix.maximumLikelihood.responsibilities!) < 1e-10)

    // flexmix multiplies the variances by n / (n - p) after every M step.
    var model = oracle.start.model
    for _ in 0..<1000 {
      _ = try model.maximize(design.statistics(of: [model])[0])
      model.standardDeviations = model.standardDeviations.map { $0 * flexmix.varianceFactor.squareRoot() }
    }
    #expect(flexmix.flexmix.distance(to: model) < 1e-8)
    #expect(flexmix.flexmix.distance(to: likeliest) > 1e-4)
    let posteriors = design.posteriors(model)
    #expect(distance([posteriors.logLikelihood], [flexmix.flexmix.logLikelihood]) < 1e-9)
    #expect(distance(posteriors.rows, flexmix.flexmix.responsibilities!) < 1e-7)
  }

  @Test func `One group is ordinary least squares`() throws {
    let rows = TestRows(rowCount: 500, covariateCount: 3, groups: 2, seed: 3)
    let design = try rows.design()
    let model = try RegressionMixture(pooled: design.pooledStatistics())
    let residuals = (0..<rows.rowCount).map { i in
      rows.treatment[i] - model.coefficients[0][0]
        - (0..<3).reduce(0) { $0 + model.coefficients[0][$1 + 1] * rows.covariates[$1][i] }
    }
    // The normal equations: residuals are orthogonal to every regressor.
    #expect(abs(residuals.reduce(0, +)) < 1e-10)
    for column in rows.covariates { #expect(abs(zip(residuals, column).reduce(0) { $0 + $1.0 * $1.1 }) < 1e-10) }
    let variance = residuals.reduce(0) { $0 + $1 * $1 } / 500
    #expect(distance([model.standardDeviations[0]], [variance.squareRoot()]) < 1e-12)
    #expect(model.mixingWeights == [1] && model.parameterCount == 5)
  }

  @Test func `Reordering groups reorders all that belongs to them`() throws {
    let model = oracle.start.model
    let turned = model.reordered([2, 0, 1])
    #expect(turned.mixingWeights == [2, 0, 1].map { model.mixingWeights[$0] })
    #expect(turned.coefficients == [2, 0, 1].map { model.coefficients[$0] })
    #expect(turned.standardDeviations == [2, 0, 1].map { model.standardDeviations[$0] })
    let canonical = turned.canonical
    #expect(canonical == model.canonical)
    #expect(zip(canonical.mixingWeights, canonical.mixingWeights.dropFirst()).allSatisfy(>=))
    // Groups 0 and 2 have equal shares: the smaller slope comes first.
    #expect(canonical.coefficients[1][1] == 0.3 && canonical.coefficients[2][1] == 0.9)
  }

  @Test func `A variance below its floor is held there, and said`() throws {
    let x = (0..<40).map { Double($0) / 10 }
    let rows = TestRows(covariates: [x], treatment: x.enumerated().map { 3 + $1 + ($0 % 2 == 0 ? 1e-9 : -1e-9) })
    let design = try rows.design()
    var model = RegressionMixture(
      mixingWeights: [1], coefficients: [[0, 0]], standardDeviations: [1], varianceFloor: 0.25)
    let findings = try model.maximize(design.statistics(of: [model])[0])
    #expect(model.standardDeviations == [0.5])
    #expect(findings == [.note(.residualVarianceAtFloor)])
    #expect(distance(model.coefficients[0], [3, 1]) < 1e-8)
  }
}
