import Communication
import Diagnostics
import Foundation
import LinearAlgebra
import MetaEM
import Mixture
import ModelTestSupport
import Reports
import Runs
import Simulation
import TestSupport
import Testing

private struct OtherMixture: Error {}

@Suite struct MetaEMTests {
  @Test(arguments: [
    (SimulationScenario.linear, 3, 3, [SplineForm.linear]), (.poly, 2, 5, [.shared, .free]),
    (.abs, 2, 5, [.shared, .free]),
  ])
  func `The default comes within .02 of the Bayes rule, by a form that fits`(
    scenario: SimulationScenario, groups: Int, covariates: Int, forms: [SplineForm]
  ) throws {
    let simulation = try Simulation.of(scenario, groups: groups, covariates: covariates)
    let result = try TestShards(simulation).result(Configuration(groups: groups))
    let bayes = simulation.bayesAccuracy
    #expect(bayes > 0.6 && bayes < 0.99)
    #expect(try #require(result.agreement).accuracy > bayes - 0.02)
    #expect(forms.contains(try #require(result.mixture?.forms?.chosen)))
    #expect(result.isConverged)
    let criteria = result.mixture!.forms!.criteria
    #expect(criteria.min { $0.bic < $1.bic }?.form == result.mixture?.forms?.chosen && criteria.count == 3)
    // The criteria of the fit are those of its form: the fit went on on all rows.
    let chosen = try #require(criteria.first { $0.form == result.mixture?.forms?.chosen })
    #expect(chosen.parameterCount == result.parameterCount)
    #expect(result.criteria!.bic <= chosen.bic + 1e-6 * abs(chosen.bic))
  }

  @Test func `Gaussian on x itself reaches .84 on three draws`() throws {
    let accuracies = try (1...3 as ClosedRange<UInt64>).map { seed in
      let shards = try TestShards(Simulation.of(.linear, groups: 3, covariates: 3, seed: seed))
      return try shards.result(
        configuration(groups: 3) {
          $0.distribution = .gaussian
          $0.representation = .identity
        }
      ).agreement!.accuracy
    }
    #expect(accuracies.reduce(0, +) / 3 >= 0.84, "\(accuracies)")
  }

  @Test(arguments: GaussianStart.allCases, CovarianceShape.allCases)
  func `Gaussians of every shape converge from every kind of start`(
    start: GaussianStart, shape: CovarianceShape
  ) throws {
    let result = try TestShards(Simulation.of(.linear, groups: 2, covariates: 2, rows: 1200)).result(
      configuration(groups: 2) {
        $0.distribution = .gaussian
        $0.representation = .identity
        $0.covariance = shape
        $0.gaussianStart = start
        $0.starts = 5
      })
    #expect(result.isConverged && result.iterations > 5)
    guard case .gaussian(let mixture) = result.model.mixture else { throw OtherMixture() }
    #expect(mixture.shape == shape && result.parameterCount == mixture.parameterCount)
    // One pass more changes nothing to speak of.
    let next = try result.design.passes(2, from: mixture)
    #expect(next.trace[1] - next.trace[0] < 1e-8 * 1200 * 1.01)
  }

  @Test(arguments: DistributionKind.combinations)
  func `Every combination fits, and has the same bits on any ranks`(
    distribution: DistributionKind, representation: RepresentationKind
  ) throws {
    let shards = try TestShards(Simulation.of(.sin, groups: 2, covariates: 2, rows: 4000), shards: 3)
    let configuration = configuration(groups: 2) {
      $0.distribution = distribution
      $0.representation = representation
      $0.starts = 3
      $0.maximumIterations = 40
      $0.alternation.rounds = 2
    }
    let alone = try shards.train(configuration)[0]
    let digest = try alone.result.model.digest()
    #expect(alone.result.summary.summands.allSatisfy { $0.isFinite })
    for ranks in [2, 5] {
      for rank in try shards.train(configuration, ranks: ranks) {
        #expect(try rank.result.model.digest() == digest)
        #expect(rank.posteriors == alone.posteriors)
        #expect(bits(rank.result.summary.summands) == bits(alone.result.summary.summands))
      }
    }
  }

  @Test func `One group is ordinary least squares on the data as given`() throws {
    var rows = TestRows(rowCount: 1200, covariateCount: 3, groups: 1, seed: 61)
    rows.covariates[1] = rows.covariates[1].map { 1e4 + 300 * $0 }
    let result = try TestShards(rows).result(configuration(groups: 1) { $0.representation = .identity })
    let report = TrainingReport(
      result, ranks: 1, version: "", kernel: "", modelDigest: "", posteriorDigest: "")
    let coefficients = try #require(report.components[0].coefficients)
    let beta = [coefficients["(constant)"]!] + (0..<3).map { coefficients["x\($0)"]! }
    let residuals = (0..<1200).map { row in
      rows.treatment[row] - beta[0] - (0..<3).reduce(0) { $0 + beta[$1 + 1] * rows.covariates[$1][row] }
    }
    let deviation = (residuals.reduce(0) { $0 + $1 * $1 } / 1200).squareRoot()
    #expect(abs(residuals.reduce(0, +)) < 1e-7)
    for column in rows.covariates {
      let scale = column.reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(abs(zip(residuals, column).reduce(0) { $0 + $1.0 * $1.1 }) < 1e-8 * scale)
    }
    #expect(abs(report.components[0].residualStandardDeviation! / deviation - 1) < 1e-9)
    let logLikelihood = -1200 * (log(deviation) + 0.5 * log(2 * .pi) + 0.5)
    #expect(abs(result.logLikelihood! / logLikelihood - 1) < 1e-9)
    #expect(result.parameterCount == 5 && report.mmd == nil && report.entropy == 0)
    #expect(abs(result.criteria!.bic - (-2 * logLikelihood + 5 * log(1200))) < 1e-5)
  }

  @Test(arguments: RepresentationKind.allCases)
  func `Standardising changes nothing in the labels of a regression`(representation: RepresentationKind) throws {
    let draw = try Simulation.of(.linear, groups: 2, covariates: 3).rows(0..<3000)
    let (factors, shifts) = ([1, 50, 0.01], [0.0, 400, -3])
    let covariates = (0..<3).map { j in (0..<3000).map { shifts[j] + factors[j] * draw.x[$0 * 3 + j] } }
    var rows = TestRows(covariates: covariates, treatment: draw.t.map { 20 * $0 + 7 })
    rows.groups = draw.z
    let shards = try TestShards(rows)
    let results = try [false, true].map { standardize in
      try shards.result(
        configuration(groups: 2) {
          $0.representation = representation
          $0.standardize = standardize
        })
    }
    let labels = try results.map { result in
      try result.design.rows.localChunks.flatMap { try result.rule(result.design, chunk: $0).block.labels }
    }
    // The penalty of the polynomials' ridge has units; rounding moves the others, and training what it moved.
    let isNear = representation == .polynomial || representation.isLearned
    let different = zip(labels[0], labels[1]).count { $0 != $1 }
    #expect(different <= (isNear ? 30 : 0), "\(different) labels differ")
    #expect(abs(results[1].logLikelihood! / results[0].logLikelihood! - 1) < (isNear ? 1e-2 : 1e-6))
    #expect(results[0].mixture?.forms?.chosen == results[1].mixture?.forms?.chosen)
    #expect(results[0].agreement!.accuracy > 0.8)
  }

  /// A product of covariates is no pure power: what is left without it depends on where the origin lies. The penalty of
  /// the ridge has units, so the two are only near.
  @Test func `Standardised or not, polynomials are those of the data as given`() throws {
    let random = CounterRandom(seed: 67, stream: .test)
    let x = [(2.0, -1.0), (0.5, 3)].enumerated().map { j, map in
      (0..<2000).map { map.1 + map.0 * random.normal(row: $0, draw: j) }
    }
    let treatment = (0..<2000).map { row in
      let (a, b) = (x[0][row], x[1][row])
      return Double(1 + row % 2) * (a + a * a) + b + 2 * a * b + 0.3 * random.normal(row: row, draw: 2)
    }
    let shards = try TestShards(TestRows(covariates: x, treatment: treatment))
    let features = try [false, true].map { standardize in
      let design = try shards.result(
        configuration(groups: 2) {
          $0.representation = .polynomial
          $0.standardize = standardize
          $0.starts = 2
          $0.maximumIterations = 5
        }
      ).design
      return try design.rows.localChunks.flatMap { chunk in
        try design.withBlock(ofChunk: chunk) { block, _ in
          (0..<block.rowCount).flatMap { row in (1...2).map { block.columns[$0]![row] } }
        }
      }
    }
    #expect(distance(features[1], features[0]) < 0.05)
  }

  @Test func `A curve per covariate is standardised over the rows it was fitted to`() throws {
    let result = try TestShards(Simulation.of(.poly, groups: 2, covariates: 5)).result(Configuration(groups: 2))
    #expect(result.mixture?.forms?.chosen == .shared)
    let gram = try result.design.pooledStatistics().gram(0)
    #expect(result.design.columnCount == 7 && result.design.featureNames == (0..<5).map { "h(x\($0))" })
    for j in 1...5 {
      #expect(abs(gram[0, j] / 3000) < 1e-10)
      #expect(abs(gram[j, j] / 3000 - 1) < 1e-10)
    }
    // The regression on these curves is the fit that was found: its statistics have its likelihood.
    #expect(abs(result.summary.logLikelihood - result.logLikelihood!) < 1e-9)
  }

  @Test func `Labels, starts and weights`() throws {
    var rows = TestRows(rowCount: 1500, covariateCount: 2, groups: 2, seed: 62)
    let plain = try TestShards(rows).train(Configuration(groups: 2))[0]
    rows.weight = Array(repeating: 4, count: 1500)
    let weighted = try TestShards(rows)
    // Weights that are all alike are none.
    let alike = try weighted.train(configuration(groups: 2) { $0.weights = .sampling })[0]
    #expect(try alike.result.model.digest() == plain.result.model.digest())
    #expect(alike.posteriors == plain.posteriors)
    // Labels that are drawn leave the model and the posteriors alone.
    let sampled = try weighted.train(configuration(groups: 2) { $0.labels = .sampled })[0]
    #expect(sampled.posteriors == plain.posteriors)
    #expect(sampled.result.agreement!.accuracy < plain.result.agreement!.accuracy)
    let seeded = try weighted.train(configuration(groups: 2) { $0.seed = 2 })[0]
    #expect(abs(seeded.result.logLikelihood! - plain.result.logLikelihood!) < 1e-3)
    #expect(plain.result.search.starts == 20 && plain.result.search.agreed >= 2)
  }

  /// Of 98 chunks 96 are tried, one of chunks 47 and 48 not; each has five indicators of its own.
  @Test func `A level too rare for the rows that starts are tried on is no obstacle`() throws {
    var rows = TestRows(rowCount: 100_000, covariateCount: 1, groups: 2, seed: 66)
    for chunk in [47, 48] {
      for count in 1...5 {
        var indicator = Array(repeating: 0.0, count: 100_000)
        for row in 0..<count { indicator[chunk * RowGrid.defaultChunkLength + 10 * count + row] = 1 }
        rows.covariates.append(indicator)
      }
    }
    let shards = try TestShards(rows)
    for representation in [RepresentationKind.spline, .identity] {
      let result = try shards.result(
        configuration(groups: 2) {
          $0.representation = representation
          $0.starts = 2
          $0.maximumIterations = 20
          $0.seed = 3
        })
      #expect(result.summary.logLikelihood.isFinite)
    }
  }

  @Test func `Weights weigh as repeated rows do`() throws {
    let rows = TestRows(rowCount: 900, covariateCount: 2, groups: 2, seed: 63)
    var weighted = rows
    weighted.weight = (0..<900).map { Double(1 + $0 % 3) }
    let repeated = rows.rows((0..<900).flatMap { Array(repeating: $0, count: 1 + $0 % 3) })
    let identity = configuration(groups: 2) { $0.representation = .identity }
    var weighing = identity
    weighing.weights = .sampling
    let one = try TestShards(weighted).result(weighing)
    let other = try TestShards(repeated).result(identity)
    guard case .regression(let a) = one.model.mixture, case .regression(let b) = other.model.mixture
    else { throw OtherMixture() }
    #expect(distance(a.coefficients, b.coefficients) < 1e-3 && distance(a.mixingWeights, b.mixingWeights) < 1e-3)
    let unweighted = try TestShards(rows).result(identity)
    guard case .regression(let c) = unweighted.model.mixture else { throw OtherMixture() }
    #expect(distance(a.coefficients, c.coefficients) > 1e-3)
  }

  @Test func `Few rows for a spline basis: the linear form is there`() throws {
    let rows = TestRows(rowCount: 24, covariateCount: 3, groups: 2, noise: 0.05, seed: 64)
    let result = try TestShards(rows).result(Configuration(groups: 2))
    #expect(result.mixture?.forms?.chosen == .linear && result.mixture!.forms!.criteria.map(\.form) == [.linear])
    #expect(result.summary.logLikelihood.isFinite)
    let reason = try #require(result.findings.first { $0.code == .noCurvesTried }).name(.reason)
    #expect(reason.contains("the regression of all rows"))
    #expect(try TestShards(rows).failure(configuration(groups: 2) { $0.distribution = .kmeans }) == nil)
  }

  @Test func `Every pass is told, in the order of the phases`() throws {
    let shards = try TestShards(TestRows(rowCount: 800, covariateCount: 2, groups: 2, seed: 65))
    var records: [PassRecord] = []
    let training = MetaEM(configuration(groups: 2) { $0.starts = 4 })
    let result = try training.train(
      shards.collection(), on: SoloCommunicator(), in: Run { records.append($0) })
    #expect(records.count == result.passes)
    let phases = records.map(\.phase).reduce(into: [String]()) { if $0.last != $1 { $0.append($1) } }
    #expect(
      phases == [
        "starts", "search linear", "starts parabolas", "starts spline", "search free", "search shared", "em",
        "starts products", "search products",
      ])
    #expect(zip(records, records.dropFirst()).allSatisfy { $0.seconds <= $1.seconds })
  }
}
