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

    /// By column of C = (x1, x2, t), its products with (1, x1, x2) and t among the columns of ``design(isWeighted:)``.
    static let interactions = ControlInteractions(
      products: [[1, 3, 4, 9], [2, 4, 5, 10], [7, 9, 10, 6]], ownColumnCount: 2)

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
  let tests: [JointFixture.ScoreTest]

  /// The columns (1, x1, x2, x1², x1 x2, x2², t², t, y, x1 t, x2 t), or the first of these.
  func design(_ communicator: any Communicator = SoloCommunicator(), ownColumns: Int = 2) throws -> Design {
    let table = try Frame(
      rows: DistributedRows(rowCount: t.count, chunkLength: 64, communicator: communicator),
      covariates: [x.map { $0[0] }, x.map { $0[1] }], treatment: t, outcome: y, weight: rowWeights)
    return Design(
      table: table, featureNames: (1...8 + ownColumns).map { "c\($0)" },
      features: { columns, count, features, stride in
        for row in 0..<count {
          let (a, b, t, y) = (columns[0][row], columns[1][row], columns[2][row], columns[3][row])
          for (j, value) in [a, b, a * a, a * b, b * b, t * t, t, y, a * t, b * t].prefix(8 + ownColumns)
            .enumerated()
          {
            features[j * stride + row] = value
          }
        }
      }, inputs: .all)
  }
}

@Suite struct JointInteractedTests {
  private let fixture: InteractedFixture
  /// Never converged: a pass may not lower the likelihood by this much.
  private let endless = -Double.greatestFiniteMagnitude

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
    let start = Fit(start: 0, model: fixture.start.mixture)
    for (passes, expected) in [(1, fixture.afterOne), (25, fixture.afterMany)] {
      let fit = try design.expectationMaximization(
        [start], convergence: Convergence(tolerance: endless, maximumPasses: passes))[0]
      expectEqual(fit.model, expected)
      #expect(distance(fit.trace, Array(fixture.logLikelihood.prefix(passes))) < 1e-11)
    }
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

  @Test func `score tests by blocks are those of the reference`() throws {
    let tests = try JointScoreTest.interactions(
      InteractedFixture.Model.interactions, blocks: [[0, 1], [2], [0, 1, 2]], of: fixture.plain.plain,
      on: fixture.design())
    for (test, expected) in zip(tests, fixture.tests) {
      #expect(test.degreesOfFreedom == expected.degreesOfFreedom)
      #expect(abs(test.statistic - expected.statistic) < 1e-4 * expected.statistic)
    }
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
    let plain = try fixture.design(ownColumns: 0).statistics(of: [fixture.start.plain])[0]
    #expect(varying.logLikelihood == plain.logLikelihood && varying.entropy == plain.entropy)
    #expect(varying.gram(1)[3, 7] == plain.gram(1)[3, 7])
    #expect(model.parameterCount == fixture.start.plain.parameterCount + 3)
    #expect(model.reordered([2, 0, 1]).interactions == model.interactions)
  }
}
