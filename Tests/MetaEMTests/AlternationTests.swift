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

/// Representations that are learned in turn with the groups.
@Suite struct AlternationTests {
  private static let learned = RepresentationKind.allCases.filter(\.isLearned)

  /// Two groups whose treatment depends on covariates, and on a product and a sine of a sum, which no additive
  /// representation has.
  private static func interactions(rows rowCount: Int = 3000) -> TestRows {
    let random = CounterRandom(seed: 81, stream: .test)
    let x = (0..<3).map { j in (0..<rowCount).map { random.normal(row: $0, draw: j) } }
    let slopes = [[1.2, -0.4, 0.9], [-0.7, 1.3, 0.5]]
    var rows = TestRows(
      covariates: x,
      treatment: (0..<rowCount).map { row in
        let (a, b, c) = (x[0][row], x[1][row], x[2][row])
        let features = [a + 0.5 * a * b, b + 0.5 * sin(b + c), c]
        let mean = zip(slopes[row % 2], features).reduce(0) { $0 + $1.0 * $1.1 }
        return mean + 0.3 * random.normal(row: row, draw: 3)
      })
    rows.groups = (0..<rowCount).map { $0 % 2 }
    return rows
  }

  private func configuration(
    _ representation: RepresentationKind, _ change: (inout Configuration) -> Void = { _ in }
  ) -> Configuration {
    var configuration = Configuration(groups: 2)
    configuration.representation = representation
    configuration.starts = 5
    change(&configuration)
    return configuration
  }

  /// The rule that rounds are kept by, read from the trace: only a rise is kept.
  ///
  /// - Parameter spline: what training began from; nil where `spline` itself would have products.
  private func check(_ result: MetaEM.Result, above spline: MetaEM.Result?) throws {
    let trace = try #require(result.mixture?.alternation)
    if let spline { #expect(trace.startLogLikelihood == spline.mixture?.logLikelihood) }
    var highest = trace.startLogLikelihood
    for round in trace.rounds where round.isAccepted {
      #expect(round.logLikelihood > highest, "round \(round.round)")
      highest = round.logLikelihood
    }
    if let start = spline?.logLikelihood {
      #expect(try #require(result.logLikelihood) >= start - 1e-9 * abs(start))
    }
    #expect(abs(result.logLikelihood! - highest) <= 1e-9 * abs(highest))
    #expect(trace.rounds.map(\.round) == Array(1...trace.rounds.count))
  }

  @Test(
    arguments: learned, [(SimulationScenario.linear, 3000), (.poly, 1000), (.abs, 400), (.sin, 150)])
  func `The likelihood never ends below that of the spline fit, and rejected rounds are not repeated`(
    representation: RepresentationKind, problem: (scenario: SimulationScenario, rows: Int)
  ) throws {
    let shards = try TestShards(Simulation.of(problem.scenario, groups: 2, covariates: 3, rows: problem.rows))
    let spline = try shards.result(configuration(.spline))
    let result = try shards.result(
      configuration(representation) {
        $0.alternation.rounds = 6
        $0.alternation.learningRate = 4e-3
      })
    try check(result, above: spline)
    let rounds = try #require(result.mixture?.alternation).rounds
    for (round, next) in zip(rounds, rounds.dropFirst()) where !round.isAccepted {
      #expect(next.learningRate == round.learningRate / 2)
      #expect(next.loss != round.loss && next.logLikelihood != round.logLikelihood)
    }
    #expect(rounds.count == 6 || rounds.suffix(4).allSatisfy { !$0.isAccepted })
    // Where nothing was kept, the model is the spline fit itself.
    let isKept = rounds.contains(where: \.isAccepted)
    let isSpline = try result.model.digest() == spline.model.digest()
    #expect(isKept != isSpline)
    #expect(isKept == (result.parameterCount > spline.parameterCount))
    // What is kept must help on rows that were not trained on, so labels do not suffer.
    #expect(result.agreement!.accuracy > spline.agreement!.accuracy - 0.02)
  }

  @Test(arguments: GroupAssignment.allCases)
  func `Networks find groups where additive features cannot`(assignment: GroupAssignment) throws {
    let shards = try TestShards(Self.interactions(rows: 2000))
    let lines = try shards.result(configuration(.identity))
    let result = try shards.result(
      configuration(.network) {
        $0.alternation.assignment = assignment
        $0.alternation.learningRate = 1e-2
        $0.alternation.rounds = 5
      })
    try check(result, above: nil)
    let trace = try #require(result.mixture?.alternation)
    #expect(result.agreement!.accuracy > lines.agreement!.accuracy + 0.03)
    #expect(result.mixture!.logLikelihood > trace.startLogLikelihood + 600)
    guard case .network(let network) = result.model.representation else {
      Issue.record("no network")
      return
    }
    #expect(result.parameterCount > network.encoder.parameterCount)
  }

  /// Few rows and a high rate: a round may raise the likelihood of the rows it was trained on alone.
  @Test func `A rise that the rows kept from training do not share is rejected`() throws {
    let shards = try TestShards(Self.interactions(rows: 200))
    let result = try shards.result(
      configuration(.network) {
        $0.alternation.learningRate = 2e-2
        $0.alternation.lambda = 0
      })
    let trace = try #require(result.mixture?.alternation)
    var highest = trace.startLogLikelihood
    var overfits = 0
    for round in trace.rounds {
      if round.isAccepted { highest = round.logLikelihood } else if round.logLikelihood > highest { overfits += 1 }
    }
    #expect(overfits > 0)
  }

  @Test(arguments: learned, [DistributionKind.regression, .gaussian])
  func `Rounds whose loss leaves the range of numbers are rejected`(
    representation: RepresentationKind, distribution: DistributionKind
  ) throws {
    let shards = try TestShards(Simulation.of(.linear, groups: 2, covariates: 2, rows: 600))
    let result = try shards.result(
      configuration(representation) {
        $0.distribution = distribution
        $0.alternation.learningRate = 1e300
        $0.alternation.rounds = 5
        $0.alternation.steps = 20
      })
    let rounds = try #require(result.mixture?.alternation).rounds
    #expect(rounds.count == (distribution == .regression ? 4 : 5))
    #expect(rounds.allSatisfy { !$0.isAccepted && $0.loss == .infinity && $0.logLikelihood == -.infinity })
    #expect(zip(rounds, rounds.dropFirst()).allSatisfy { $1.learningRate == $0.learningRate / 2 })
    let lost = Finding(.lostRounds, [.count: .count(rounds.count), .total: .count(rounds.count)])
    #expect(result.findings.contains(lost))
    #expect(try #require(result.logLikelihood).isFinite)
    if distribution == .regression {
      #expect(try result.model.digest() == shards.result(configuration(.spline)).model.digest())
    }
  }

  @Test func `Rounds that end while the likelihood rises are warned of`() throws {
    let shards = try TestShards(Self.interactions(rows: 1000))
    func result(rounds: Int) throws -> MetaEM.Result {
      try shards.result(
        configuration(.network) {
          $0.alternation.learningRate = 1e-2
          $0.alternation.rounds = rounds
        })
    }
    let short = try result(rounds: 1)
    #expect(try #require(short.mixture?.alternation).rounds.map(\.isAccepted) == [true])
    #expect(short.findings.filter(\.isDoubt) == [Finding(.stillRising, [.rounds: .count(1)])])
    let long = try result(rounds: 40)
    #expect(try #require(long.mixture?.alternation).rounds.last?.isAccepted == false)
    #expect(!long.findings.contains { $0.isDoubt })
  }

  /// Where two groups keep a round that is not worth its parameters and three keep none.
  @Test func `Networks that do not earn their parameters do not change the number of groups`() throws {
    let shards = try TestShards(Simulation.of(.poly, groups: 2, covariates: 5, seed: 0))
    let result = try MetaEM(configuration(.network) { $0.alternation.rounds = 2 })
      .train(shards.collection(), groupsUpTo: 3, on: SoloCommunicator())
    let trace = try #require(result.mixture?.alternation)
    #expect(result.configuration.groups == 2 && trace.rounds.contains(where: \.isAccepted))
    #expect(result.comparableBIC! < result.criteria!.bic - 500)
    #expect(result.comparableBIC == result.groupCriteria.compactMap(\.bic).min())
  }

  @Test(arguments: learned, [DistributionKind.gaussian, .kmeans])
  func `With the paper's distributions every round is taken`(
    representation: RepresentationKind, distribution: DistributionKind
  ) throws {
    let shards = try TestShards(Simulation.of(.linear, groups: 2, covariates: 3, rows: 1200))
    let result = try shards.result(
      configuration(representation) {
        $0.distribution = distribution
        $0.alternation.rounds = 4
        $0.alternation.assignment = .sampled
      })
    let rounds = try #require(result.mixture?.alternation).rounds
    #expect(rounds.count == 4 && rounds.allSatisfy(\.isAccepted))
    #expect(rounds.allSatisfy { $0.learningRate == 1e-3 } && rounds[3].loss < rounds[0].loss)
    let encoder: Int = representation == .network ? 16 * 4 + 3 * 17 : 3 * (8 * 4 + 9)
    #expect(result.parameterCount == result.model.mixture.base.parameterCount + encoder)
    let report = TrainingReport(result, ranks: 1, version: "", kernel: "", modelDigest: "", posteriorDigest: "")
    #expect(report.rounds.map(\.round) == [1, 2, 3, 4])
    #expect((report.rounds[3].logLikelihood == nil) == (distribution == .kmeans))
    if distribution == .gaussian {
      #expect(abs(report.rounds[3].logLikelihood! - report.logLikelihood!) < 1e-6 * abs(report.logLikelihood!))
    }
  }

  @Test func `Scaling columns changes no label`() throws {
    var rows = Self.interactions(rows: 1500)
    let change: (inout Configuration) -> Void = {
      $0.alternation.rounds = 3
      $0.alternation.learningRate = 4e-3
    }
    let plain = try TestShards(rows).result(configuration(.network, change))
    rows.covariates[1] = rows.covariates[1].map { 4096 * $0 }
    rows.treatment = rows.treatment.map { $0 / 1024 }
    let scaled = try TestShards(rows).result(configuration(.network, change))
    let accepted = try [plain, scaled].map { try #require($0.mixture?.alternation).rounds.map(\.isAccepted) }
    #expect(accepted[0] == accepted[1] && accepted[0].contains(true))
    #expect(abs(scaled.logLikelihood! - plain.logLikelihood! - 1500 * log(1024)) < 1)
    #expect(abs(plain.agreement!.accuracy - scaled.agreement!.accuracy) < 0.005)
  }

  @Test func `Rounds are told as passes are, in their order`() throws {
    let shards = try TestShards(Simulation.of(.poly, groups: 2, covariates: 2, rows: 800))
    var records: [PassRecord] = []
    let training = MetaEM(configuration(.network) { $0.alternation.rounds = 3 })
    let result = try training.train(
      shards.collection(), on: SoloCommunicator(), in: Run { records.append($0) })
    #expect(records.count == result.passes)
    let told = records.filter { $0.round != nil }
    let rounds = result.mixture!.alternation!.rounds
    #expect(told.map(\.round) == rounds.map(\.round) && told.allSatisfy { $0.phase == "round" })
    #expect(told.map(\.accepted) == rounds.map(\.isAccepted) && told.map(\.loss) == rounds.map(\.loss))
    #expect(told.map(\.logLikelihood) == rounds.map(\.logLikelihood))
  }

  @Test func `Numbers that make no sense are refused`() throws {
    let shards = try TestShards(TestRows(rowCount: 100, covariateCount: 2, groups: 2, seed: 3))
    let changes: [(String, (inout AlternationOptions) -> Void)] = [
      ("--lambda", { $0.lambda = -1 }), ("--lambda", { $0.lambda = .infinity }), ("--rounds", { $0.rounds = 0 }),
      ("--steps", { $0.steps = 0 }), ("--batch", { $0.batchSize = 0 }), ("--learning-rate", { $0.learningRate = 0 }),
      ("--learning-rate", { $0.learningRate = .nan }),
    ]
    for (option, change) in changes {
      let failure = try shards.failure(configuration(.network) { change(&$0.alternation) })
      #expect(failure?.exitCode == .usage && failure?.message.hasPrefix(option) == true, "\(option)")
    }
  }

  @Test func `A minibatch larger than the rows is all of them`() throws {
    let shards = try TestShards(Self.interactions(rows: 500))
    let digests = try [500, 100_000].map { batch in
      try shards.result(
        configuration(.network) {
          $0.alternation.batchSize = batch
          $0.alternation.learningRate = 1e-2
          $0.alternation.rounds = 2
        }
      ).mixture!.alternation!.rounds
    }
    #expect(digests[0] == digests[1])
  }
}
