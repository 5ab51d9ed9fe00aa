import Mixture
import ModelTestSupport
import TestSupport
import Testing

/// kmeans.json.
struct KMeansOracle: Decodable {
  struct Stage: Decodable {
    let centres: [[Double]]
    let labels: [Int]
    let inertia: Double
    let iterations: Int
  }
  struct Fits: Decodable {
    let afterOne: Stage
    let afterMany: Stage
  }
  let c: [[Double]]
  let start: [[Double]]
  let unweighted: Fits
  let rowWeights: [Double]
  let weighted: Fits

  func rows(isWeighted: Bool) -> TestRows {
    let columns = (0..<3).map { j in c.map { $0[j] } }
    return TestRows(
      covariates: Array(columns.prefix(2)), treatment: columns[2], weight: isWeighted ? rowWeights : nil)
  }
}

@Suite struct KMeansMixtureTests {
  let oracle: KMeansOracle
  init() throws { oracle = try TestSupport.oracle("kmeans.json") }

  @Test(arguments: [false, true], [1, 20])
  func `Iterations give scikit-learn's centres, labels and inertia`(isWeighted: Bool, iterations: Int) throws {
    let fits = isWeighted ? oracle.weighted : oracle.unweighted
    let expected = iterations == 1 ? fits.afterOne : fits.afterMany
    let design = try oracle.rows(isWeighted: isWeighted).design()
    let model = try design.passes(iterations, from: KMeansMixture(centers: oracle.start)).model
    #expect(distance(model.centers, expected.centres) < 1e-12)
    let posteriors = design.posteriors(model)
    #expect(posteriors.labels == expected.labels)
    #expect(distance([-2 * posteriors.logLikelihood], [expected.inertia]) < 1e-12)
    #expect(posteriors.entropy == 0)
    #expect(posteriors.rows.joined().allSatisfy { $0 == 0 || $0 == 1 })
    let statistics = try design.statistics(of: [model])[0]
    #expect(distance([-2 * statistics.logLikelihood], [expected.inertia]) < 1e-12)
    #expect(model.parameterCount == 12)
  }

  @Test func `It ends a pass after the centres stay`() throws {
    let design = try oracle.rows(isWeighted: false).design()
    let fit = try design.expectationMaximization(
      [Fit(start: 0, model: KMeansMixture(centers: oracle.start))], convergence: Convergence())[0]
    #expect(fit.isConverged)
    #expect(distance(fit.model.centers, oracle.unweighted.afterMany.centres) < 1e-12)
    #expect(fit.passes == oracle.unweighted.afterMany.iterations + 2)
  }

  /// Distances have units: columns in other units, all alike, must not end the search early or late.
  @Test(arguments: [1e-6, 1, 1e6])
  func `Units of all columns do not change labels`(unit: Double) throws {
    var rows = oracle.rows(isWeighted: false)
    rows.covariates = rows.covariates.map { $0.map { $0 * unit } }
    rows.treatment = rows.treatment.map { $0 * unit }
    let start = KMeansMixture(centers: oracle.start.map { $0.map { $0 * unit } })
    let design = try rows.design()
    let fit = try design.expectationMaximization([Fit(start: 0, model: start)], convergence: Convergence())[0]
    #expect(design.posteriors(fit.model).labels == oracle.unweighted.afterMany.labels)
    #expect(fit.passes == oracle.unweighted.afterMany.iterations + 2)
  }

  @Test func `A row as near to two centres goes to the first`() throws {
    let design = try TestRows(covariates: [[0, 2, 4]], treatment: [0, 0, 0]).design()
    #expect(design.posteriors(KMeansMixture(centers: [[0, 0], [4, 0]])).labels == [0, 0, 1])
    #expect(design.posteriors(KMeansMixture(centers: [[4, 0], [0, 0]])).labels == [1, 0, 0])
  }

  @Test func `A centre without rows is an emptied group, one with a single row is not`() throws {
    let design = try TestRows(covariates: [[0, 1, 9]], treatment: [0, 1, 9]).design()
    let single = try design.passes(3, from: KMeansMixture(centers: [[0, 0], [9, 9]]))
    #expect(single.degeneracy == nil && single.model.centers == [[0.5, 0.5], [9, 9]])
    let empty = try design.passes(3, from: KMeansMixture(centers: [[0, 0], [99, 99]]))
    #expect(empty.degeneracy == "group 1 emptied: 0.0 rows for 1 parameters")
    #expect(empty.logLikelihood == -.infinity)
  }

  @Test func `Reordered keeps centres and shares together`() throws {
    var model = KMeansMixture(centers: [[1, 1], [2, 2], [3, 3]])
    model.mixingWeights = [0.2, 0.5, 0.3]
    #expect(model.canonical.centers == [[2, 2], [3, 3], [1, 1]])
    #expect(model.canonical.mixingWeights == [0.5, 0.3, 0.2])
  }
}
