import Communication
import ControlFunction
import Foundation
import Frames
import LinearAlgebra
import Mixture
import TestSupport
import Testing

/// `joint_interacted.json`: a coefficient of V that depends on x and t, in plain numpy.
private struct InteractedFixture: Decodable {
  struct Model: Decodable {
    let outcome: [Double]
    let lambda: [Double]
    let kappa: [Double]
    let tau: [Double]
    let selection: [[Double]]
    let sigma: [Double]
    let weights: [Double]
    let logLikelihood: Double?

    /// C = (x1, x2, t) among the columns of ``design(_:)``.
    static let interactions = ControlInteractions(columns: [1, 2, 7])

    var plain: JointMixture {
      JointMixture(
        mixingWeights: weights, selectionCoefficients: selection, selectionDeviations: sigma,
        outcomeCoefficients: outcome, endogeneities: kappa, outcomeDeviations: tau)
    }

    var mixture: JointMixture {
      var model = plain
      model.interactions = Self.interactions
      model.interactions?.coefficients = lambda
      return model
    }
  }
  let x: [[Double]]
  let t: [Double]
  let y: [Double]
  let cluster: [Int]
  let rowWeights: [Double]
  let start: Model
  let afterOne: Model
  let afterMany: Model
  let converged: Model
  let plain: Model
  let logLikelihood: [Double]
  let covariance: [[Double]]
  let clusteredCovariance: [[Double]]
  let clusteredPlainCovariance: [[Double]]
  let tests: [JointFixture.ScoreTest]
  let clusteredTests: [JointFixture.ScoreTest]
  let clusteredShifts: JointFixture.ScoreTest

  func table(_ communicator: any Communicator = SoloCommunicator()) throws -> Frame {
    try Frame(
      rows: DistributedRows(rowCount: t.count, chunkLength: 64, communicator: communicator),
      columns: columns("clinic", cluster, count: 60))
  }

  /// The columns of the rows, with clusters.
  func columns(_ name: String, _ clusters: [Int], count: Int) -> [FrameColumn] {
    [
      .real("x1", .covariate, x.map { $0[0] }), .real("x2", .covariate, x.map { $0[1] }), .real("t", .treatment, t),
      .real("y", .outcome, y), .real("weight", .weight, rowWeights),
      .categorical(name, .institution, codes: clusters.map(Int64.init), levels: (0..<count).map(String.init)),
    ]
  }

  func design(_ communicator: any Communicator = SoloCommunicator()) throws -> Design {
    design(of: try table(communicator))
  }

  /// The columns (1, x1, x2, x1², x1 x2, x2², t², t, y).
  func design(of table: Frame) -> Design {
    Design(
      table: table, featureNames: (1...8).map { "c\($0)" },
      features: { columns, count, features, stride in
        for row in 0..<count {
          let (a, b, t, y) = (columns[0][row], columns[1][row], columns[2][row], columns[3][row])
          let all = [a, b, a * a, a * b, b * b, t * t, t, y]
          for (j, value) in all.enumerated() { features[j * stride + row] = value }
        }
      }, inputs: .all)
  }
}

@Suite struct JointInteractedTests {
  private let fixture: InteractedFixture

  init() throws { fixture = try TestSupport.oracle("joint_interacted.json") }

  private func expectEqual(_ model: JointMixture, _ expected: InteractedFixture.Model, _ tolerance: Double = 1e-8) {
    #expect(distance(model.outcomeCoefficients, expected.outcome) < tolerance)
    #expect(distance(model.interactions?.coefficients ?? [], expected.lambda) < tolerance)
    #expect(distance(model.endogeneities, expected.kappa) < tolerance)
    #expect(distance(model.outcomeDeviations, expected.tau) < tolerance)
    #expect(distance(model.selectionCoefficients, expected.selection) < tolerance)
    #expect(distance(model.selectionDeviations, expected.sigma) < tolerance)
    #expect(distance(model.mixingWeights, expected.weights) < tolerance)
  }

  private func expectEqual(_ actual: Matrix, _ expected: [[Double]]) {
    for (i, row) in expected.enumerated() {
      for (j, value) in row.enumerated() {
        #expect(abs(actual[i, j] - value) < 1e-5 * (expected[i][i] * expected[j][j]).squareRoot())
      }
    }
  }

  @Test func `steps are those of the reference`() throws {
    let design = try fixture.design()
    var model = fixture.start.mixture
    var trace: [Double] = []
    for pass in 1...25 {
      let sums = try design.jointSums(of: [model])[0]
      trace.append(sums.statistics.logLikelihood)
      _ = try model.maximize(sums)
      if pass == 1 { expectEqual(model, fixture.afterOne) }
    }
    expectEqual(model, fixture.afterMany)
    #expect(distance(trace, Array(fixture.logLikelihood.prefix(25))) < 1e-11)
  }

  @Test func `columns behind y serve as those before it`() throws {
    let table = try fixture.table()
    let behind = Design(
      table: table, featureNames: (1...10).map { "c\($0)" },
      features: { columns, count, features, stride in
        for row in 0..<count {
          let (a, b, t, y) = (columns[0][row], columns[1][row], columns[2][row], columns[3][row])
          let all = [a, b, a * a, a * b, b * b, t * t, t, y, a, b]
          for (j, value) in all.enumerated() { features[j * stride + row] = value }
        }
      }, inputs: .all)
    var (before, after) = (fixture.start.mixture, fixture.start.mixture)
    after.interactions = ControlInteractions(columns: [9, 10, 7], ownColumnCount: 2)
    after.interactions?.coefficients = fixture.start.lambda
    for _ in 0..<5 {
      _ = try before.maximize(fixture.design().jointSums(of: [before])[0])
      _ = try after.maximize(behind.jointSums(of: [after])[0])
    }
    #expect(distance(before.vector, after.vector) < 1e-10)
    let scores = try (
      fixture.design().scores(of: before, JointParameters(before)).gradient,
      behind.scores(of: after, JointParameters(after)).gradient
    )
    #expect(distance(scores.0, scores.1) < 1e-8)
  }

  @Test(arguments: [false, true]) func `posteriors that are kept are those computed again`(isHeavy: Bool) throws {
    var model = fixture.start.mixture
    if isHeavy { model.errors = StudentErrors(degreesOfFreedom: 5) }
    let start = model
    @Sendable func step(_ communicator: any Communicator, keeping limit: Int) throws -> JointMixture {
      var model = start
      let sums = try fixture.design(communicator).jointSums(of: [model], keeping: limit)[0]
      _ = try model.maximize(sums)
      return model
    }
    let kept = try step(SoloCommunicator(), keeping: PosteriorStore.byteLimit)
    #expect(kept != start)
    for ranks in [1, 2, 3] {
      let again = try LoopbackCommunicator.run(ranks: ranks) { try step($0, keeping: $0.rank == 0 ? 0 : 1 << 24) }
      #expect(again.allSatisfy { $0 == kept })
    }
  }

  /// The steps are exact with errors of a t law too.
  @Test func `the likelihood with errors of a t law never falls`() throws {
    let design = try fixture.design()
    var model = fixture.start.mixture
    model.errors = StudentErrors()
    var trace: [Double] = []
    for _ in 0..<40 {
      let sums = try design.jointSums(of: [model])[0]
      trace.append(sums.statistics.logLikelihood)
      _ = try model.maximize(sums)
    }
    #expect(zip(trace, trace.dropFirst()).allSatisfy { $1 >= $0 - 1e-9 } && trace.last! > trace[0] + 1)
  }

  @Test func `accelerated passes reach the maximum on any number of ranks, and never fall`() throws {
    @Sendable func fit(_ communicator: any Communicator) throws -> Fit<JointMixture> {
      let run = JointAcceleration(Fit(start: 0, model: fixture.start.mixture))
      let design = try fixture.design(communicator)
      return try design.acceleratedMaximization([run], convergence: Convergence(tolerance: 1e-12))[0].finished
    }
    let alone = try fit(SoloCommunicator())
    expectEqual(alone.model, fixture.converged, 1e-3)
    #expect(abs(alone.logLikelihood - (try #require(fixture.converged.logLikelihood))) < 1e-5)
    #expect(zip(alone.trace, alone.trace.dropFirst()).allSatisfy { $1 >= $0 - 1e-9 })
    for ranks in [2, 3, 8] {
      let fits = try LoopbackCommunicator.run(ranks: ranks) { try fit($0) }
      #expect(fits.allSatisfy { $0.model == alone.model && $0.trace == alone.trace })
    }
  }

  @Test func `a fit goes on from any checkpoint`() throws {
    let design = try fixture.design()
    let run = JointAcceleration(Fit(start: 0, model: fixture.start.mixture))
    let convergence = Convergence(tolerance: 1e-9)
    let whole = try design.acceleratedMaximization([run], convergence: convergence)[0].finished
    for passes in 1...5 {
      let part = try design.acceleratedMaximization(
        [run], convergence: Convergence(tolerance: 1e-9, maximumPasses: passes))[0]
      let stored = try JSONDecoder().decode(JointAcceleration.self, from: JSONEncoder().encode(part))
      let resumed = try design.acceleratedMaximization([stored], convergence: convergence)[0].finished
      #expect(resumed.model == whole.model && resumed.trace == whole.trace)
    }
  }

  @Test func `the covariance is the sandwich of the reference`() throws {
    let covariance = try JointCovariance.estimate(fixture.converged.mixture, on: fixture.design())
    #expect(covariance.gradient.allSatisfy { abs($0) < 1e-5 })
    let parameters = covariance.parameters
    #expect(Array(parameters.interactions) == [8, 9, 10])
    expectEqual(
      covariance.block(
        Array(parameters.outcome) + Array(parameters.interactions) + Array(parameters.endogeneities)),
      fixture.covariance)
  }

  @Test func `scores and information are derivatives of the likelihood`() throws {
    var heavy = fixture.start.mixture
    heavy.errors = StudentErrors(degreesOfFreedom: 5)
    for model in [fixture.start.mixture, heavy, fixture.plain.plain] {
      let parameters = [
        JointParameters(model), JointParameters(testing: model, variables: 3, onlyControl: false),
      ]
      for parameters in parameters {
        try expectDerivatives(of: model, parameters, on: fixture.design(), "\(parameters.count) parameters")
      }
    }
  }

  @Test func `score tests by blocks are those of the reference`() throws {
    let tests = try JointScoreTests(of: fixture.plain.plain, on: fixture.design())
    for (variables, expected) in zip([[0, 1], [2], [0, 1, 2]], fixture.tests) {
      let test = try tests.interactions(variables)
      #expect(test.degreesOfFreedom == expected.degreesOfFreedom)
      #expect(abs(test.statistic - expected.statistic) < 1e-4 * expected.statistic)
    }
  }

  @Test func `score tests of the control function alone are the same to the bit`() throws {
    let (model, design) = (fixture.plain.plain, try fixture.design())
    let (all, control) = (
      try JointScoreTests(of: model, on: design), try JointScoreTests(of: model, on: design, onlyControl: true)
    )
    for variables in [[0, 1], [2]] { #expect(try control.interactions(variables) == all.interactions(variables)) }
    #expect(try control.bends() == all.bends())
    #expect(control.covariance?.matrix == all.covariance?.matrix)
  }

  // MARK: Clusters

  @Test func `the covariance by cluster is that of the reference on any number of ranks`() throws {
    @Sendable func covariance(_ communicator: any Communicator) throws -> Matrix {
      let design = try fixture.design(communicator)
      let covariance = try JointCovariance.estimate(
        fixture.converged.mixture, on: design, clusters: RowClusters("clinic", of: design.table))
      let parameters = covariance.parameters
      return covariance.block(
        Array(parameters.outcome) + Array(parameters.interactions) + Array(parameters.endogeneities))
    }
    let alone = try covariance(SoloCommunicator())
    expectEqual(alone, fixture.clusteredCovariance)
    for ranks in [2, 3, 8] {
      #expect(try LoopbackCommunicator.run(ranks: ranks) { try covariance($0) }.allSatisfy { $0 == alone })
    }
  }

  @Test func `score tests and covariance of the plain model by cluster are those of the reference`() throws {
    let design = try fixture.design()
    let clusters = try RowClusters("institution", of: design.table)
    #expect(clusters.count == 50)
    let model = fixture.plain.plain
    let tests = try JointScoreTests(of: model, on: design, clusters: clusters)
    for (variables, expected) in zip([[0, 1], [2], [0, 1, 2]], fixture.clusteredTests) {
      let test = try tests.interactions(variables)
      #expect(abs(test.statistic - expected.statistic) < 1e-4 * expected.statistic)
    }
    let shifts = try tests.shifts().test
    #expect(shifts.degreesOfFreedom == fixture.clusteredShifts.degreesOfFreedom)
    #expect(abs(shifts.statistic - fixture.clusteredShifts.statistic) < 1e-4 * fixture.clusteredShifts.statistic)
    let covariance = try JointCovariance.estimate(model, on: design, clusters: clusters)
    expectEqual(
      covariance.block(Array(covariance.parameters.outcome) + Array(covariance.parameters.endogeneities)),
      fixture.clusteredPlainCovariance)
  }

  /// With a row in each cluster nothing is summed.
  @Test func `clusters of single rows are independent rows`() throws {
    let rows = DistributedRows(rowCount: fixture.t.count, chunkLength: 64, communicator: SoloCommunicator())
    let columns = fixture.columns("row", Array(fixture.t.indices), count: fixture.t.count)
    let design = fixture.design(of: try Frame(rows: rows, columns: columns))
    let model = fixture.plain.plain
    let single = try RowClusters("row", of: design.table)
    let (clustered, robust) = (
      try JointCovariance.estimate(model, on: design, clusters: single), try JointCovariance.estimate(model, on: design)
    )
    #expect(distance(clustered.matrix.values, robust.matrix.values) < 1e-10)
    let statistics = try design.statistics(of: [model])[0]
    let other = try #require(JointTwoStage(statistics, exogenous: 6, selection: 3))
    func difference(_ covariance: JointCovariance, _ clusters: RowClusters?) throws -> Matrix {
      try TwoStageDifference.between(model, covariance, and: other, columns: [6, 7], on: design, clusters: clusters)
        .covariance
    }
    #expect(distance(try difference(clustered, single).values, try difference(robust, nil).values) < 1e-10)
  }

  /// Σ λ_ik γ_ik for some λ, and its derivatives by all parameters.
  @Test func `posteriors move with the parameters as their derivatives say`() throws {
    let (model, design) = (fixture.converged.mixture, try fixture.design())
    let estimation = try #require(try JointEstimation(model, on: design))
    let parameters = try JointCovariance.estimate(model, on: design).parameters
    #expect(estimation.parameterCount == parameters.count)
    let groups = model.groupCount
    func factor(_ row: Int, _ group: Int) -> Double { Double((7 * row + 3 * group) % 11) - 5 }
    func sum(_ model: JointMixture) throws -> Double {
      let rule = PosteriorRule(model: model, labelRule: .argmax, seed: 1)
      return try design.rows.localChunks.reduce(0) { sum, chunk in
        let posteriors = try rule(design, chunk: chunk).block.posteriors
        return chunk.rows.enumerated().reduce(sum) { sum, row in
          (0..<groups).reduce(sum) { $0 + factor(row.element, $1) * posteriors[row.offset * groups + $1] }
        }
      }
    }
    var derivatives = Array(repeating: 0.0, count: parameters.count)
    for chunk in design.table.rows.localChunks {
      let rows = design.table.rows.grid.rows(ofChunk: chunk)
      let stride = Kernel.paddedCount(rows.count)
      let factors = AlignedBuffer(count: groups * stride)
      for (place, row) in rows.enumerated() {
        for group in 0..<groups { factors[group * stride + place] = factor(row, group) }
      }
      try estimation.addDerivatives(
        of: 1, posteriors: factors.pointer, shares: nil, stride: stride, chunk: chunk, to: &derivatives)
    }
    func expect(_ place: Int, _ path: WritableKeyPath<JointMixture, Double>) throws {
      let sums = try [1e-5, -1e-5].map { step in
        var moved = model
        moved[keyPath: path] += step
        return try sum(moved)
      }
      #expect(abs((sums[0] - sums[1]) / 2e-5 - derivatives[place]) < 1e-5 * (1 + abs(derivatives[place])), "\(place)")
    }
    for (place, index) in zip(parameters.interactions, 0...) {
      try expect(place, \.interactions!.coefficients[index])
    }
    for (place, index) in zip(parameters.endogeneities, 0...) { try expect(place, \.endogeneities[index]) }
    for (place, index) in zip(parameters.outcome, 0...) { try expect(place, \.outcomeCoefficients[index]) }
  }

  @Test func `a coefficient that does not vary is that of the plain model`() throws {
    var model = fixture.start.plain
    model.interactions = InteractedFixture.Model.interactions
    let varying = try fixture.design().statistics(of: [model])[0]
    let plain = try fixture.design().statistics(of: [fixture.start.plain])[0]
    #expect(varying.logLikelihood == plain.logLikelihood && varying.entropy == plain.entropy)
    #expect(varying.gram(1)[3, 7] == plain.gram(1)[3, 7])
    #expect(varying.columnCount == plain.columnCount + 3)
    #expect(model.parameterCount == fixture.start.plain.parameterCount + 3)
    #expect(model.reordered([2, 0, 1]).interactions == model.interactions)
  }
}
