import Communication
import ControlFunction
import Diagnostics
import Effects
import Features
import Frames
import LinearAlgebra
import Mixture
import TestSupport
import Testing

/// Posterior groups of a joint mixture, with the errors of its parameters.
struct JointGroups: GroupInstrument, GroupEstimation {
  let mixture: JointMixture
  let design: Design
  let order: [Int]
  private let weights: PosteriorInstrument
  private let errors: JointEstimation?

  /// - Parameter order: in which the groups are given.
  init(_ mixture: JointMixture, _ design: Design, order: [Int] = [0, 1, 2], errors: JointEstimation? = nil) throws {
    (self.mixture, self.design, self.order, self.errors) = (mixture, design, order, errors)
    weights = PosteriorInstrument(design, model: mixture.reordered(order), label: .posterior, seed: 1)
  }

  var groupNames: [String] { order.map(String.init) }

  func fill(_ chunk: Int, into values: UnsafeMutablePointer<Double>, stride: Int) throws {
    try weights.fill(chunk, into: values, stride: stride)
  }

  func fillShares(_ chunk: Int, into shares: UnsafeMutablePointer<Double>, stride: Int) throws -> Bool {
    guard let omega = mixture.reordered(order).concomitants else { return false }
    try design.withBlock(ofChunk: design.rows.chunk(chunk)) { block, _ in
      RowTerms(logShares: omega).fillShares(shares, stride: stride, block)
    }
    return true
  }

  func estimation() throws -> (any GroupEstimation)? {
    try JointGroups(mixture, design, order: order, errors: JointEstimation(mixture, on: design))
  }

  var parameterCount: Int { errors!.parameterCount }
  func addDerivatives(_ gradient: GroupGradient, chunk: Int, to sums: inout [Double]) throws {
    let length = gradient.quantities * gradient.stride
    // The mixture has its groups in its own order.
    func ordered(_ given: AlignedBuffer) -> AlignedBuffer {
      let values = AlignedBuffer(count: given.count)
      for (place, k) in order.enumerated() {
        (values.pointer + k * length).update(from: given.pointer + place * length, count: length)
      }
      return values
    }
    let (weights, shares) = (ordered(gradient.weights), gradient.shares.map(ordered))
    try errors!.addDerivatives(
      of: gradient.quantities, posteriors: weights.pointer, shares: shares?.pointer, stride: gradient.stride,
      chunk: chunk, to: &sums)
  }
  func influence(ofDerivatives derivatives: Matrix) -> Matrix { errors!.influence(ofDerivatives: derivatives) }
  func fill(_ influence: Matrix, chunk: Int, into values: UnsafeMutablePointer<Double>, stride: Int) throws {
    try errors!.fill(influence, chunk: chunk, into: values, stride: stride)
  }
}

/// Rows and converged mixtures of `joint.json`, and what `make_stacked.py` makes of them.
struct StackedOracle {
  struct Rows: Decodable {
    let x: [[Double]]
    let t: [Double]
    let y: [Double]
  }
  private struct Model: Decodable {
    let outcome, kappa, delta, tau, sigma, weights: [Double]
    let selection: [[Double]]
    let bend: [Double]?
    let omega: [[Double]]?
  }
  private struct Section: Decodable { let converged: Model }
  private struct Fixture: Decodable {
    let extendedRows: Rows
    let rowWeights: [Double]
    let unweighted, weighted, extended: Section
  }
  struct Estimate: Decodable {
    let coefficients: [Double]
    let robust: [[Double]]
    let stacked: [[Double]]
  }
  struct Expected: Decodable {
    let hful: Estimate
    let twoStage: Estimate
    let clustered: [[Double]]
  }
  private struct Answers: Decodable {
    let seed: UInt64
    let clusters: Int
    let unweighted, weighted, extended: Expected
  }

  private(set) var rows: Rows
  let rowWeights: [Double]?
  let mixture: JointMixture
  let expected: Expected
  let seed: UInt64
  let clusters: Int

  init(_ section: String) throws {
    let fixture = try oracle("joint.json", as: Fixture.self)
    let answers = try oracle("stacked.json", as: Answers.self)
    rows = section == "extended" ? fixture.extendedRows : try oracle("joint.json", as: Rows.self)
    rowWeights = section == "unweighted" ? nil : fixture.rowWeights
    let model = [
      "unweighted": fixture.unweighted, "weighted": fixture.weighted, "extended": fixture.extended,
    ][section]!.converged
    expected = [
      "unweighted": answers.unweighted, "weighted": answers.weighted, "extended": answers.extended,
    ][section]!
    (seed, clusters) = (answers.seed, answers.clusters)
    mixture = JointMixture(
      mixingWeights: model.weights, selectionCoefficients: model.selection, selectionDeviations: model.sigma,
      outcomeCoefficients: model.outcome, endogeneities: model.kappa, shifts: section == "weighted" ? model.delta : nil,
      bends: model.bend, concomitants: model.omega, outcomeDeviations: model.tau)
  }

  /// The same with some of the rows, in this order.
  func selecting(_ chosen: [Int]) -> StackedOracle {
    var copy = self
    copy.rows = Rows(x: chosen.map { rows.x[$0] }, t: chosen.map { rows.t[$0] }, y: chosen.map { rows.y[$0] })
    return copy
  }

  func options(_ errors: EffectOptions.Errors?) -> EffectOptions {
    var options = EffectOptions()
    options.form = OutcomeForm("quadratic")
    options.controlDegree = 3
    options.seed = seed
    options.errors = errors
    return options
  }

  func frame(on communicator: any Communicator = SoloCommunicator()) throws -> Frame {
    let count = rows.t.count
    let codes = (0..<count).map { Int64($0 % clusters) }
    var columns: [FrameColumn] = [
      .real("x0", .covariate, rows.x.map { $0[0] }), .real("x1", .covariate, rows.x.map { $0[1] }),
      .real("t", .treatment, rows.t), .real("y", .outcome, rows.y),
      .categorical("clinic", .institution, codes: codes, levels: (0..<clusters).map(String.init)),
    ]
    if let rowWeights { columns.append(.real("w", .weight, rowWeights)) }
    return try Frame(
      rows: DistributedRows(rowCount: count, chunkLength: 64, communicator: communicator), columns: columns)
  }

  /// The columns (1, x1, x2, x1², x1 x2, x2², t², t, y).
  static func design(_ frame: Frame) -> Design {
    Design(
      table: frame, featureNames: ["x1", "x2", "x1^2", "x1 x2", "x2^2", "t^2", "t", "y"],
      features: { columns, count, features, stride in
        for row in 0..<count {
          let (a, b, t, y) = (columns[0][row], columns[1][row], columns[2][row], columns[3][row])
          for (j, value) in [a, b, a * a, a * b, b * b, t * t, t, y].enumerated() { features[j * stride + row] = value }
        }
      }, inputs: .all)
  }

  func fit(
    _ options: EffectOptions, on communicator: any Communicator = SoloCommunicator(), order: [Int] = [0, 1, 2]
  ) throws -> EffectResult {
    let frame = try frame(on: communicator)
    return try EffectEstimator(
      options, groups: JointGroups(mixture, Self.design(frame), order: order),
      features: PolynomialBasis(degree: 2, covariateNames: frame.covariateNames, origin: [0, 0]),
      scaling: ColumnScaling(centers: [0, 0, 0], scales: [1, 1, 1])
    ).fit(frame)
  }
}

@Suite struct StackedErrorsTests {
  @Test(arguments: ["unweighted", "weighted", "extended"])
  func `covariances with the errors of groups are those of differences in numpy`(section: String) throws {
    let oracle = try StackedOracle(section)
    let result = try oracle.fit(oracle.options(nil))
    #expect(result.errors == .stacked)
    for (method, expected) in [
      (EffectOptions.Method.hful, oracle.expected.hful), (.twoStage, oracle.expected.twoStage),
    ] {
      let answer = try #require(result.answer(method))
      #expect(distance(answer.terms.map(\.estimate), expected.coefficients) < 1e-7)
      // Absolute errors of a covariance say nothing.
      let scale = expected.stacked[0][0]
      let difference = zip(answer.covariance, expected.stacked.joined()).map { ($0 - $1) / scale }
      #expect(difference.allSatisfy { abs($0) < 1e-8 }, "\(method) \(difference)")
      let error = answer.terms[0].standardError!
      #expect(abs(error * error / answer.covariance[0] - 1) < 1e-12)
    }
    let robust = try oracle.fit(oracle.options(.robust))
    #expect(robust.errors == .robust)
    let given = try #require(robust.answer(.twoStage)).covariance
    #expect(zip(given, oracle.expected.twoStage.robust.joined()).allSatisfy { abs($0 - $1) < 1e-6 * given[0] })
    // What no group has a part in does not err with them.
    #expect(distance(result.answer(.ordinary)!.covariance, robust.answer(.ordinary)!.covariance) < 1e-12)
  }

  @Test func `clusters sum the influence of their rows`() throws {
    let oracle = try StackedOracle("unweighted")
    var options = oracle.options(nil)
    (options.covariance, options.clusters, options.method) = (.cluster, ["clinic"], .twoStage)
    let found = try oracle.fit(options).headline.covariance
    let expected = Array(oracle.expected.clustered.joined())
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-8 * expected[0] }, "\(found) \(expected)")
  }

  @Test(arguments: EffectOptions.Method.allCases)
  func `every estimator has stacked errors, and near the truth they are those of 2SLS`(
    method: EffectOptions.Method
  ) throws {
    let oracle = try StackedOracle("unweighted")
    var options = oracle.options(.stacked)
    options.method = method
    let result = try oracle.fit(options)
    options.errors = .robust
    let robust = try oracle.fit(options)
    let ratio = result.headline.covariance[3] / robust.headline.covariance[3]
    let expected = oracle.expected.twoStage.stacked[1][1] / oracle.expected.twoStage.robust[1][1]
    #expect(method == .ordinary ? ratio == 1 : abs(ratio - expected) < 0.05, "\(ratio), of 2SLS \(expected)")
  }

  @Test func `ranks change no bit, and names of groups change none but by rounding of the likelihood`() throws {
    let oracle = try StackedOracle("extended")
    let options = oracle.options(nil)
    let alone = try oracle.fit(options)
    for ranks in [2, 3] {
      for result in try LoopbackCommunicator.run(ranks: ranks, { try oracle.fit(options, on: $0) }) {
        #expect(result.answers == alone.answers, "\(ranks) ranks")
      }
    }
    let other = try oracle.fit(options, order: [2, 0, 1])
    #expect(distance(other.headline.covariance, alone.headline.covariance) < 1e-10)
  }

  @Test func `groups that are given have no errors to stack`() throws {
    var draw = EffectDraw(confounding: 0.5, seed: 3)
    draw.options.form = OutcomeForm("quadratic")
    #expect(try draw.fit().errors == .robust)
    draw.options.errors = .stacked
    #expect(throws: Failure.self) { try draw.fit() }
  }
}
