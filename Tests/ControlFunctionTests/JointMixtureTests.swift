import Communication
import ControlFunction
import Foundation
import Frames
import LinearAlgebra
import Mixture
import TestSupport
import Testing

/// `joint.json`: rows, a start, and what plain numpy makes of it.
struct JointFixture: Decodable {
  struct Model: Decodable {
    let outcome: [Double]
    let kappa: [Double]
    let delta: [Double]
    let tau: [Double]
    let selection: [[Double]]
    let sigma: [Double]
    let weights: [Double]
    let responsibilities: [[Double]]?
    let logLikelihood: Double?
    let bend: [Double]?
    let omega: [[Double]]?

    func mixture(hasFreeShifts: Bool) -> JointMixture {
      JointMixture(
        mixingWeights: weights, selectionCoefficients: selection, selectionDeviations: sigma,
        outcomeCoefficients: outcome, endogeneities: kappa, shifts: hasFreeShifts ? delta : nil, bends: bend,
        concomitants: omega, outcomeDeviations: tau)
    }
  }
  struct Section: Decodable {
    let afterOne: Model
    let afterMany: Model
    let converged: Model
    let logLikelihood: [Double]
    let covariance: [[Double]]
    let shareCovariance: [[Double]]
  }
  /// Rows whose group depends on x and whose confounder bends y.
  struct ExtendedRows: Decodable {
    let x: [[Double]]
    let t: [Double]
    let y: [Double]
    let start: Model
  }
  /// By group, sums times V and V², and those of ρ weighted by shares.
  struct Powers: Decodable {
    let first: [[[Double]]]
    let second: [[[Double]]]
    let shares: [[[Double]]]
  }
  struct ScoreTest: Decodable {
    let statistic: Double
    let degreesOfFreedom: Int
  }
  let x: [[Double]]
  let t: [Double]
  let y: [Double]
  let start: Model
  let unweighted: Section
  let shifts: ScoreTest
  let shiftResponses: [[Double]]
  let slopes: ScoreTest
  let bends: ScoreTest
  let concomitants: ScoreTest
  let rowWeights: [Double]
  let weighted: Section
  let extendedRows: ExtendedRows
  let extended: Section
  let powers: Powers

  static func load() throws -> JointFixture {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let file = folder.appendingPathComponent("OracleFixtures/joint.json")
    return try JSONDecoder().decode(JointFixture.self, from: Data(contentsOf: file))
  }

  /// The columns (1, x1, x2, x1², x1 x2, x2², t², t, y), y times `scale`.
  func design(isWeighted: Bool = false, scale: Double = 1) throws -> Design {
    try quadraticDesign(x, t, y.map { scale * $0 }, weight: isWeighted ? rowWeights : nil)
  }

  /// The same columns with other row weights.
  func design(weight: [Double]) throws -> Design { try quadraticDesign(x, t, y, weight: weight) }

  /// The same columns of the rows `rows[0]`, `rows[1]`, …
  func design(rows: [Int]) throws -> Design {
    try quadraticDesign(rows.map { x[$0] }, rows.map { t[$0] }, rows.map { y[$0] }, weight: nil)
  }

  /// The same columns of the rows with extensions, with row weights.
  func extendedDesign() throws -> Design {
    try quadraticDesign(extendedRows.x, extendedRows.t, extendedRows.y, weight: rowWeights)
  }
}

/// The columns (1, x1, x2, x1², x1 x2, x2², t², t, y) of rows.
func quadraticDesign(_ x: [[Double]], _ t: [Double], _ y: [Double], weight: [Double]?) throws -> Design {
  let table = try Frame(
    rows: DistributedRows(rowCount: t.count, communicator: SoloCommunicator()),
    covariates: [x.map { $0[0] }, x.map { $0[1] }], treatment: t, outcome: y, weight: weight)
  return Design(
    table: table, featureNames: ["x1", "x2", "x1^2", "x1 x2", "x2^2", "t^2", "t", "y"],
    features: { columns, count, features, stride in
      for row in 0..<count {
        let (a, b, t, y) = (columns[0][row], columns[1][row], columns[2][row], columns[3][row])
        for (j, value) in [a, b, a * a, a * b, b * b, t * t, t, y].enumerated() { features[j * stride + row] = value }
      }
    }, inputs: .all)
}

@Suite struct JointMixtureTests {
  private let fixture: JointFixture
  /// Never converged: a pass may not lower the likelihood by this much.
  private let endless = -Double.greatestFiniteMagnitude

  init() throws { fixture = try JointFixture.load() }

  private func isClose(_ actual: [Double], _ expected: [Double], _ tolerance: Double = 1e-8) -> Bool {
    let scale = max(1, expected.map(abs).max() ?? 1)
    return actual.count == expected.count && zip(actual, expected).allSatisfy { abs($0 - $1) <= tolerance * scale }
  }

  private func expectEqual(_ model: JointMixture, _ expected: JointFixture.Model) {
    #expect(isClose(model.outcomeCoefficients, expected.outcome))
    #expect(isClose(model.endogeneities, expected.kappa))
    #expect(isClose(model.shifts, expected.delta))
    #expect(isClose(model.outcomeDeviations, expected.tau))
    #expect(isClose(model.selectionCoefficients.flatMap { $0 }, expected.selection.flatMap { $0 }))
    #expect(isClose(model.selectionDeviations, expected.sigma))
    #expect(isClose(model.mixingWeights, expected.weights))
    #expect(isClose(model.bends ?? [], expected.bend ?? []))
    #expect(isClose(model.concomitants?.flatMap { $0 } ?? [], expected.omega?.flatMap { $0 } ?? []))
  }

  @Test(arguments: [false, true])
  func `steps are those of the reference`(isWeighted: Bool) throws {
    let design = try fixture.design(isWeighted: isWeighted)
    let section = isWeighted ? fixture.weighted : fixture.unweighted
    let start = Fit(start: 0, model: fixture.start.mixture(hasFreeShifts: isWeighted))
    for (passes, expected) in [(1, section.afterOne), (25, section.afterMany)] {
      let fit = try design.expectationMaximization(
        [start], convergence: Convergence(tolerance: endless, maximumPasses: passes))[0]
      expectEqual(fit.model, expected)
      #expect(isClose(fit.trace, Array(section.logLikelihood.prefix(passes)), 1e-11))
      guard let responsibilities = expected.responsibilities else { continue }
      let rule = PosteriorRule(model: fit.model, labelRule: .argmax, seed: 1)
      #expect(
        isClose(try rule(design, chunk: design.rows.localChunks[0]).block.posteriors, responsibilities.flatMap { $0 }))
    }
  }

  private func expectSameSums(_ actual: SufficientStatistics, _ expected: SufficientStatistics, of whole: Matrix) {
    #expect(actual.logLikelihood == expected.logLikelihood)
    for k in 0..<expected.groupCount {
      let (own, other) = (actual.gram(k), expected.gram(k))
      for i in 0..<whole.rows {
        for j in 0..<whole.rows {
          // Rounding in units of the sums over all rows.
          #expect(abs(own[i, j] - other[i, j]) <= 1e-13 * (whole[i, i] * whole[j, j]).squareRoot())
        }
      }
    }
  }

  @Test(arguments: [false, true])
  func `the sums of the largest group are what the others leave`(isWeighted: Bool) throws {
    let design = try fixture.design(isWeighted: isWeighted)
    let whole = try design.pooledStatistics().gram(0)
    let model = fixture.start.mixture(hasFreeShifts: false)
    var bent = model
    bent.bends = model.mixingWeights.map { _ in 0.1 }
    let models = (0..<model.groupCount).map { first in
      var moved = model
      moved.mixingWeights = model.mixingWeights.indices.map { $0 == first ? 0.6 : 0.4 / Double(model.groupCount - 1) }
      return moved
    }
    for models in [models, [bent]] {
      let sums = try design.statistics(of: models)
      for (actual, expected) in zip(try design.statisticsByDifference(of: models), sums) {
        #expect(actual != expected)
        expectSameSums(actual, expected, of: whole)
      }
    }
  }

  @Test func `a group of too little of a column is summed, and so are all with errors of a t law`() throws {
    // Rows of x1 = 0 but for one, which is far from the largest group.
    let n = 600
    let design = try quadraticDesign(
      (0..<n).map { [$0 == 7 ? 1 : 0, sin(Double($0))] }, (0..<n).map { $0 == 7 ? 50 : cos(Double(3 * $0)) },
      (0..<n).map { $0 == 7 ? 50 : sin(Double(5 * $0)) }, weight: nil)
    let model = JointMixture(
      mixingWeights: [0.9, 0.1], selectionCoefficients: [[0, 0, 0], [50, 0, 0]], selectionDeviations: [1, 1],
      outcomeCoefficients: Array(repeating: 0, count: 8), endogeneities: [0, 0], outcomeDeviations: [1, 60])
    #expect(try design.statisticsByDifference(of: [model]) == design.statistics(of: [model]))

    var heavy = fixture.start.mixture(hasFreeShifts: false)
    heavy.errors = StudentErrors(degreesOfFreedom: 5)
    let other = try fixture.design()
    #expect(try other.statisticsByDifference(of: [heavy]) == other.statistics(of: [heavy]))
  }

  @Test(arguments: [false, true])
  func `accelerated passes reach the same maximum`(isWeighted: Bool) throws {
    let design = try fixture.design(isWeighted: isWeighted)
    let expected = (isWeighted ? fixture.weighted : fixture.unweighted).converged
    let start = Fit(start: 0, model: fixture.start.mixture(hasFreeShifts: isWeighted))
    let plain = try design.expectationMaximization([start], convergence: Convergence(tolerance: 1e-11))[0]
    let fit = try design.acceleratedMaximization(
      [JointAcceleration(start)], convergence: Convergence(tolerance: 1e-11))[0].finished
    #expect(fit.isConverged)
    #expect(fit.passes < plain.passes)
    #expect(abs(fit.logLikelihood - (try #require(expected.logLikelihood))) < 1e-5)
    #expect(isClose(fit.model.outcomeCoefficients, expected.outcome, 1e-3))
    #expect(zip(fit.trace, fit.trace.dropFirst()).allSatisfy { $1 >= $0 - 1e-9 })
  }

  @Test func `the likelihood never falls from random starts`() throws {
    let design = try fixture.design()
    let pooled = try design.pooledStatistics()
    let starts = try RegressionMixture.starts(
      0..<12, groups: 3, pooled: pooled.selection(3), random: CounterRandom(seed: 5, stream: .test)
    ).enumerated().map { Fit(start: $0.offset, model: try JointMixture(selection: $0.element, pooled: pooled)) }
    let convergence = Convergence(tolerance: endless, maximumPasses: 60)
    let fits =
      try design.expectationMaximization(starts, convergence: convergence)
      + design.acceleratedMaximization(starts.map(JointAcceleration.init), convergence: convergence).map(\.finished)
    #expect(fits.contains { $0.degeneracy == nil })
    for fit in fits {
      for (before, after) in zip(fit.trace, fit.trace.dropFirst()) { #expect(after >= before - 1e-9) }
    }
  }

  @Test(arguments: [false, true])
  func `the covariance is the sandwich of the reference`(isWeighted: Bool) throws {
    let design = try fixture.design(isWeighted: isWeighted)
    let section = isWeighted ? fixture.weighted : fixture.unweighted
    let model = section.converged.mixture(hasFreeShifts: isWeighted)
    let covariance = try JointCovariance.estimate(model, on: design)
    let indices = Array(covariance.parameters.outcome) + Array(covariance.parameters.endogeneities)
    let actual = covariance.block(indices)
    for (i, row) in section.covariance.enumerated() {
      for (j, value) in row.enumerated() {
        let scale = (section.covariance[i][i] * section.covariance[j][j]).squareRoot()
        #expect(abs(actual[i, j] - value) < 1e-5 * scale)
      }
    }
  }

  /// `joint_frequency.json`: the rows of `joint.json` repeated, by numpy.
  private struct Repeated: Decodable {
    let frequencies: [Double]
    let converged: JointFixture.Model
    let covariance: [[Double]]
  }

  @Test func `frequencies have the log-likelihood and the covariance of repeated rows`() throws {
    let repeated = try oracle("joint_frequency.json", as: Repeated.self)
    let design = try fixture.design(weight: repeated.frequencies)
    try design.table.takeWeights(as: .frequency)
    let model = repeated.converged.mixture(hasFreeShifts: false)
    let logLikelihood = try design.statistics(of: [model])[0].logLikelihood
    #expect(abs(logLikelihood - (try #require(repeated.converged.logLikelihood))) < 1e-6)
    let covariance = try JointCovariance.estimate(model, on: design)
    let actual = covariance.block(Array(covariance.parameters.outcome) + Array(covariance.parameters.endogeneities))
    for (i, row) in repeated.covariance.enumerated() {
      for (j, value) in row.enumerated() {
        let scale = (repeated.covariance[i][i] * repeated.covariance[j][j]).squareRoot()
        #expect(abs(actual[i, j] - value) < 1e-5 * scale)
      }
    }
    // The same numbers as sampling weights: as many rows as there are, so larger errors.
    let sampled = try fixture.design(weight: repeated.frequencies)
    try sampled.table.takeWeights(as: .sampling)
    let wider = try JointCovariance.estimate(model, on: sampled)
    #expect(wider.matrix[0, 0] > 1.3 * covariance.matrix[0, 0])
  }

  @Test func `score tests and two-stage least squares take frequencies for repeated rows`() throws {
    let repeated = try oracle("joint_frequency.json", as: Repeated.self)
    let model = repeated.converged.mixture(hasFreeShifts: false)
    let design = try fixture.design(weight: repeated.frequencies)
    try design.table.takeWeights(as: .frequency)
    let rows = repeated.frequencies.enumerated().flatMap { Array(repeating: $0.offset, count: Int($0.element)) }
    let plain = try fixture.design(rows: rows)
    let (found, expected) = (
      try JointScoreTests(of: model, on: design).shifts().test, try JointScoreTests(of: model, on: plain).shifts().test
    )
    #expect(abs(found.statistic - expected.statistic) < 1e-8 * expected.statistic)
    let differences = try [design, plain].map { design in
      let other = try #require(
        JointTwoStage(try design.statistics(of: [model])[0], exogenous: 6, selection: 3))
      return try TwoStageDifference.between(
        model, JointCovariance.estimate(model, on: design), and: other, columns: [6, 7], on: design)
    }
    #expect(isClose(differences[0].values, differences[1].values, 1e-8))
    #expect(isClose(differences[0].covariance.values, differences[1].covariance.values, 1e-8))
  }

  @Test func `exclusion is tested as in the reference`() throws {
    let design = try fixture.design()
    let model = fixture.unweighted.converged.mixture(hasFreeShifts: false)
    let tests = try JointScoreTests(of: model, on: design)
    let (shifts, responses) = try tests.shifts()
    for (test, expected) in [(shifts, fixture.shifts), (try tests.exclusion(), fixture.slopes)] {
      #expect(test.degreesOfFreedom == expected.degreesOfFreedom)
      #expect(abs(test.statistic - expected.statistic) < 1e-4 * expected.statistic)
    }
    #expect(fixture.slopes.degreesOfFreedom == 5)
    for (k, expected) in fixture.shiftResponses.enumerated() {
      #expect(isClose(Array(responses[row: k]), expected, 1e-6))
    }
  }

  /// Maxima with shifts held move the slope as the derivatives say, and no combination of shifts that are at most one
  /// standard deviation apart moves it further than stated.
  @Test func `shifts move the slope by what they are said to`() throws {
    let slope = [0, 0, 0, 0, 0, 0, 0.5, 2.0]
    let responses = Matrix(fixture.shiftResponses)
    let mixture = fixture.unweighted.converged.mixture(hasFreeShifts: false)
    let sensitivity = ShiftSensitivity(slope, of: mixture, responses: responses, outcomeScale: 4)
    let moves = [0] + fixture.shiftResponses.map { 0.5 * $0[6] + 2 * $0[7] }
    #expect(abs(sensitivity.derivatives.reduce(0, +)) < 1e-12)
    for k in 1..<3 { #expect(abs(4 * sensitivity.derivatives[k] - moves[k]) < 1e-12) }
    let corners = (0..<8).map { corner in
      (0..<3).reduce(0.0) { $0 + (corner >> $1 & 1 == 1 ? 4 * sensitivity.derivatives[$1] : 0) }
    }
    #expect(abs((try #require(corners.max())) - sensitivity.perStandardDeviation) < 1e-12)
    let value = 0.5 * mixture.outcomeCoefficients[6] + 2 * mixture.outcomeCoefficients[7]
    let zero = try #require(sensitivity.toZero)
    #expect(abs(zero * sensitivity.perStandardDeviation - abs(value)) < 1e-12)
  }

  @Test func `extensions are tested as in the reference`() throws {
    let design = try fixture.design()
    let model = fixture.unweighted.converged.mixture(hasFreeShifts: false)
    let tests = try JointScoreTests(of: model, on: design)
    for (test, expected) in [(try tests.bends(), fixture.bends), (try tests.concomitants(), fixture.concomitants)] {
      #expect(test.degreesOfFreedom == expected.degreesOfFreedom)
      #expect(abs(test.statistic - expected.statistic) < 1e-4 * expected.statistic)
    }
    #expect(fixture.bends.degreesOfFreedom == 3 && fixture.concomitants.degreesOfFreedom == 4)
    // The passes are shared with the covariance.
    let (alone, shared) = (try JointCovariance.estimate(model, on: design), try #require(tests.covariance))
    #expect(shared.parameters == alone.parameters)
    #expect(isClose(shared.matrix.values, alone.matrix.values, 1e-9))
    #expect(isClose(shared.gradient, alone.gradient, 1e-6))
  }

  @Test func `the covariance follows the unit of the outcome`() throws {
    let model = fixture.unweighted.converged.mixture(hasFreeShifts: false)
    var scaled = model
    scaled.outcomeCoefficients = model.outcomeCoefficients.map { 8 * $0 }
    scaled.endogeneities = model.endogeneities.map { 8 * $0 }
    scaled.outcomeDeviations = model.outcomeDeviations.map { 8 * $0 }
    let one = try JointCovariance.estimate(model, on: fixture.design())
    let other = try JointCovariance.estimate(scaled, on: fixture.design(scale: 8))
    #expect(
      isClose(
        other.standardErrors(other.parameters.outcome), one.standardErrors(one.parameters.outcome).map { 8 * $0 }))
  }

  @Test func `groups may come in any order`() throws {
    let design = try fixture.design()
    let order = [2, 0, 1]
    var model = fixture.start.mixture(hasFreeShifts: true)
    model.shifts = [0, 0.2, -0.1]
    let other = model.reordered(order)
    #expect(other.shifts[0] == 0)
    let convergence = Convergence(tolerance: endless, maximumPasses: 10)
    let fits = try design.expectationMaximization(
      [Fit(start: 0, model: model), Fit(start: 1, model: other)], convergence: convergence)
    #expect(isClose(fits[1].trace, fits[0].trace, 1e-12))
    #expect(isClose(fits[1].model.endogeneities, order.map { fits[0].model.endogeneities[$0] }))
    #expect(fits[0].model.canonical.endogeneities.count == 3)
  }

  @Test func `a start with an empty group is given up`() throws {
    let design = try fixture.design()
    var model = fixture.start.mixture(hasFreeShifts: false)
    model.mixingWeights = [0.5, 0.5 - 1e-12, 1e-12]
    model.selectionCoefficients[2][0] = 1e3
    let fit = try design.acceleratedMaximization(
      [JointAcceleration(Fit(start: 0, model: model))], convergence: Convergence(maximumPasses: 5))[0].finished
    #expect(fit.degeneracy?.contains("group 2 emptied") == true)
    #expect(fit.logLikelihood == -.infinity)
  }

  @Test(arguments: [2, 3])
  func `posteriors of another design give its statistics`(groups: Int) throws {
    let design = try fixture.design(isWeighted: true)
    let model = fixture.start.mixture(hasFreeShifts: false).reordered(Array(0..<groups))
    let own = try design.statistics(of: [model])[0]
    let carried = try design.statistics(posteriorsOf: model, on: design)
    for k in 0..<groups { #expect(carried.gram(k) == own.gram(k)) }
  }

  // MARK: Bends and concomitants

  @Test func `steps with extensions are those of the reference`() throws {
    let design = try fixture.extendedDesign()
    let start = Fit(start: 0, model: fixture.extendedRows.start.mixture(hasFreeShifts: false))
    for (passes, expected) in [(1, fixture.extended.afterOne), (25, fixture.extended.afterMany)] {
      let fit = try design.expectationMaximization(
        [start], convergence: Convergence(tolerance: endless, maximumPasses: passes))[0]
      expectEqual(fit.model, expected)
      #expect(isClose(fit.trace, Array(fixture.extended.logLikelihood.prefix(passes)), 1e-11))
      guard let responsibilities = expected.responsibilities else { continue }
      let rule = PosteriorRule(model: fit.model, labelRule: .argmax, seed: 1)
      #expect(
        isClose(try rule(design, chunk: design.rows.localChunks[0]).block.posteriors, responsibilities.flatMap { $0 }))
    }
  }

  @Test func `sums with extensions are those of the reference`() throws {
    let model = fixture.extendedRows.start.mixture(hasFreeShifts: false)
    let statistics = try fixture.extendedDesign().statistics(of: [model])[0]
    for k in 0..<3 {
      let sigma = model.selectionDeviations[k]
      let first = statistics.gram(k, power: 1).values.map { $0 * sigma }
      let second = statistics.gram(k, power: 2).values.map { $0 * sigma * sigma }
      #expect(isClose(first, fixture.powers.first[k].flatMap { $0 }, 1e-12))
      #expect(isClose(second, fixture.powers.second[k].flatMap { $0 }, 1e-12))
      #expect(isClose(statistics.shareGram(k).values, fixture.powers.shares[k].flatMap { $0 }, 1e-12))
    }
  }

  @Test func `the covariance with extensions is the sandwich of the reference`() throws {
    let section = fixture.extended
    let covariance = try JointCovariance.estimate(
      section.converged.mixture(hasFreeShifts: false), on: fixture.extendedDesign())
    let parameters = covariance.parameters
    #expect(covariance.gradient.allSatisfy { abs($0) < 1e-5 })
    let density = Array(parameters.outcome) + Array(parameters.endogeneities) + Array(parameters.bends)
    for (indices, expected) in [
      (density, section.covariance), (Array(parameters.logShares), section.shareCovariance),
    ] {
      let actual = covariance.block(indices)
      #expect(actual.rows == expected.count)
      for (i, row) in expected.enumerated() {
        for (j, value) in row.enumerated() {
          #expect(abs(actual[i, j] - value) < 1e-5 * (expected[i][i] * expected[j][j]).squareRoot())
        }
      }
    }
  }

  @Test func `fits with extensions never fall, and reach the maximum`() throws {
    let design = try fixture.extendedDesign()
    let pooled = try design.pooledStatistics()
    let extensions = JointMixture.Extensions(bends: true, concomitants: true)
    let random = try RegressionMixture.starts(
      0..<40, groups: 3, pooled: pooled.selection(3), random: CounterRandom(seed: 5, stream: .test))
    let starts =
      try random.map { try JointMixture(selection: $0, pooled: pooled, extensions: extensions) }
      + [fixture.extendedRows.start.mixture(hasFreeShifts: false)]
    let convergence = Convergence(tolerance: 1e-11)
    let begun = starts.enumerated().map { Fit(start: $0.offset, model: $0.element) }
    let fits = try design.acceleratedMaximization(begun.map(JointAcceleration.init), convergence: convergence)
      .map(\.finished)
    for fit in fits {
      #expect(zip(fit.trace, fit.trace.dropFirst()).allSatisfy { $1 >= $0 - 1e-8 })
      // The trace may repeat a likelihood; the model must have it.
      guard fit.degeneracy == nil else { continue }
      #expect(try design.statistics(of: [fit.model])[0].logLikelihood >= fit.logLikelihood - 1e-8)
    }
    let expected = fixture.extended.converged
    let last = try #require(fits.last)
    #expect(last.isConverged)
    #expect(abs(last.logLikelihood - (try #require(expected.logLikelihood))) < 1e-5)
    #expect(isClose(last.model.outcomeCoefficients, expected.outcome, 1e-3))
    #expect(isClose(last.model.bends ?? [], expected.bend ?? [], 1e-3))
    #expect(fits.dropLast().contains { abs($0.logLikelihood - last.logLikelihood) < 1e-4 })
  }

  /// Such steps are rare: here the likelihood of one is made to have fallen.
  @Test func `a step of slopes that goes too far is halved`() throws {
    let design = try fixture.extendedDesign()
    let model = fixture.extendedRows.start.mixture(hasFreeShifts: false)
    var run = JointAcceleration(Fit(start: 0, model: model))
    let sums = try design.jointSums(of: [model])[0]
    run.advance(sums, convergence: Convergence())
    let whole = run.fit.model
    var fallen = try design.jointSums(of: [whole])[0]
    fallen.statistics.summands[fallen.statistics.summands.count - 2] = sums.statistics.logLikelihood - 1
    run.advance(fallen, convergence: Convergence())
    #expect(run.fit.model == model && !run.fit.isConverged)
    run = try JSONDecoder().decode(JointAcceleration.self, from: JSONEncoder().encode(run))
    run.advance(sums, convergence: Convergence())
    #expect(run.fit.trace == Array(repeating: sums.statistics.logLikelihood, count: 3) && !run.fit.isConverged)
    let half = run.fit.model
    for k in 0..<3 {
      for j in 0..<3 {
        let step = whole.selectionCoefficients[k][j] - model.selectionCoefficients[k][j]
        #expect(abs(half.selectionCoefficients[k][j] - model.selectionCoefficients[k][j] - step / 2) < 1e-12)
      }
    }
    #expect(half.outcomeCoefficients == whole.outcomeCoefficients)
    // Whole steps again as soon as one has held.
    run.advance(try design.jointSums(of: [half])[0], convergence: Convergence())
    #expect(run.fit.trace.count == 4 && run.finished.model == half)
  }

  @Test func `accelerated passes go on from any checkpoint`() throws {
    let design = try fixture.extendedDesign()
    let run = JointAcceleration(Fit(start: 0, model: fixture.extendedRows.start.mixture(hasFreeShifts: false)))
    let convergence = Convergence(tolerance: 1e-9)
    let whole = try design.acceleratedMaximization([run], convergence: convergence)[0].finished
    for passes in 1...7 {
      let part = try design.acceleratedMaximization(
        [run], convergence: Convergence(tolerance: 1e-9, maximumPasses: passes))[0]
      let stored = try JSONDecoder().decode(JointAcceleration.self, from: JSONEncoder().encode(part))
      let resumed = try design.acceleratedMaximization([stored], convergence: convergence)[0].finished
      #expect(resumed.model == whole.model && resumed.trace == whole.trace)
    }
  }

  @Test func `groups with extensions may come in any order`() throws {
    let design = try fixture.extendedDesign()
    let model = fixture.extendedRows.start.mixture(hasFreeShifts: false)
    let order = [2, 0, 1]
    let other = model.reordered(order)
    #expect(other.concomitants?[0] == [0, 0, 0])
    let fits = try design.expectationMaximization(
      [Fit(start: 0, model: model), Fit(start: 1, model: other)],
      convergence: Convergence(tolerance: endless, maximumPasses: 10))
    #expect(isClose(fits[1].trace, fits[0].trace, 1e-12))
    #expect(isClose(fits[1].model.bends ?? [], order.map { fits[0].model.bends?[$0] ?? 0 }))
    #expect(fits[0].model.parameterCount == 8 + 3 * (3 + 4) + 2 * 3)
  }
}
