import Communication
import Diagnostics
import Effects
import Features
import Frames
import LinearAlgebra
import TestSupport
import Testing

/// Group weights that are given row by row.
struct GivenGroups: GroupInstrument {
  let groupNames: [String]
  /// [n][K].
  let weights: [[Double]]
  /// π_k(x_i) where they depend on x.
  var shares: [[Double]]?
  let grid: RowGrid

  func fill(_ chunk: Int, into values: UnsafeMutablePointer<Double>, stride: Int) throws {
    for (offset, row) in grid.rows(ofChunk: chunk).enumerated() {
      for k in groupNames.indices { values[k * stride + offset] = weights[row][k] }
    }
  }

  func fillShares(_ chunk: Int, into values: UnsafeMutablePointer<Double>, stride: Int) throws -> Bool {
    guard let shares else { return false }
    for (offset, row) in grid.rows(ofChunk: chunk).enumerated() {
      for k in groupNames.indices { values[k * stride + offset] = shares[row][k] }
    }
    return true
  }
}

/// Rows and answers of `make_effects.py`.
struct EffectOracle: Decodable {
  struct Fit: Decodable {
    let twoStage: [Double]
    let twoStageCovariance: [[Double]]
    let hful: [Double]
    let hfulCovariance: [[Double]]
    let hansenJ: Double
    let averageSlope: Double
    let averageSlopeError: Double
    let contrast: Double
    let contrastError: Double
    let outcomeAt5: Double
  }

  let x: [[Double]]
  let t: [Double]
  let y: [Double]
  let groups: [[Double]]
  let weight: [Double]
  let seed: UInt64
  let shares: [Double]
  let fits: [String: Fit]

  static let loaded = Result { try oracle("effects.json", as: EffectOracle.self) }

  /// The rows, in chunks of 64.
  ///
  /// - Parameters:
  ///   - clusters: levels of a column `clinic`, row i in i mod clusters; nil for no such column.
  ///   - factor: of all weights.
  ///   - change: of x, t and y before they are given.
  func frame(
    on communicator: any Communicator = SoloCommunicator(), clusters: Int? = nil, scalingWeightsBy factor: Double = 1,
    change: (_ x: [Double], _ t: Double, _ y: Double) -> ([Double], Double, Double) = { ($0, $1, $2) }
  ) throws -> Frame {
    let changed = t.indices.map { change(x[$0], t[$0], y[$0]) }
    var columns: [FrameColumn] = (0..<x[0].count).map { j in .real("x\(j)", .covariate, changed.map { $0.0[j] }) }
    columns += [.real("t", .treatment, changed.map(\.1)), .real("y", .outcome, changed.map(\.2))]
    columns.append(.real("weight", .weight, weight.map { factor * $0 }))
    if let clusters {
      let codes = t.indices.map { Int64($0 % clusters) }
      columns.append(.categorical("clinic", .institution, codes: codes, levels: (0..<clusters).map(String.init)))
    }
    return try Frame(
      rows: DistributedRows(rowCount: t.count, chunkLength: 64, communicator: communicator), columns: columns)
  }

  /// The effect by the program.
  ///
  /// - Parameters:
  ///   - names: the groups in the order in which they are given.
  ///   - weights: other group weights than those of the file, and shares that depend on x.
  ///   - change: of x, t and y before they are given.
  func fit(
    _ options: EffectOptions, on communicator: any Communicator = SoloCommunicator(), groups names: [Int] = [0, 1, 2],
    weights: (groups: [[Double]], shares: [[Double]]?)? = nil, findsSurface: Bool = false, clusters: Int? = nil,
    scalingWeightsBy factor: Double = 1,
    change: (_ x: [Double], _ t: Double, _ y: Double) -> ([Double], Double, Double) = { ($0, $1, $2) }
  ) throws -> EffectResult {
    let m = x[0].count
    let frame = try frame(on: communicator, clusters: clusters, scalingWeightsBy: factor, change: change)
    let given = GivenGroups(
      groupNames: names.map(String.init), weights: (weights?.groups ?? groups).map { row in names.map { row[$0] } },
      shares: weights?.shares, grid: frame.rows.grid)
    var estimator = EffectEstimator(
      options, groups: given,
      features: PolynomialBasis(
        degree: 2, covariateNames: frame.covariateNames, origin: Array(repeating: 0, count: m)),
      scaling: ColumnScaling(centers: Array(repeating: 0, count: m + 1), scales: Array(repeating: 1, count: m + 1)))
    estimator.findsSurface = findsSurface
    return try estimator.fit(frame)
  }

  /// The options of one of ``fits``.
  func options(_ form: String) -> EffectOptions {
    var options = EffectOptions()
    options.form = OutcomeForm(form)
    options.controlDegree = 3
    options.seed = seed
    options.contrasts = [Contrast(from: 2, to: 5)]
    options.curve = [2, 5]
    return options
  }
}

@Suite struct EffectOracleTests {
  private func closeTo(_ expected: Double, _ actual: Double?) -> Bool {
    actual.map { abs($0 - expected) <= 1e-8 * max(1, abs(expected)) } ?? false
  }

  @Test(arguments: ["linear", "quadratic", "quadratic+interactions"])
  func `coefficients, errors and answers are those of whole matrices in numpy`(form: String) throws {
    let oracle = try EffectOracle.loaded.get()
    let expected = try #require(oracle.fits[form])
    let result = try oracle.fit(oracle.options(form))
    let hful = result.headline
    #expect(hful.method == .hful)
    #expect(distance(hful.terms.map(\.estimate), expected.hful) < 1e-8)
    #expect(distance(hful.covariance, Array(expected.hfulCovariance.joined())) < 1e-8)
    let twoStage = try #require(result.answer(.twoStage))
    #expect(distance(twoStage.terms.map(\.estimate), expected.twoStage) < 1e-8)
    #expect(distance(twoStage.covariance, Array(expected.twoStageCovariance.joined())) < 1e-8)
    #expect(closeTo(expected.averageSlope, hful.averageSlope.estimate))
    #expect(closeTo(expected.averageSlopeError, hful.averageSlope.standardError))
    #expect(closeTo(expected.contrast, hful.contrasts[0].effect.estimate))
    #expect(closeTo(expected.contrastError, hful.contrasts[0].effect.standardError))
    #expect(closeTo(expected.outcomeAt5, hful.curve[1].g))
    #expect(closeTo(expected.hansenJ, result.diagnostics?.hansenJ?.statistic))
    #expect(distance(result.groupShares, oracle.shares) < 1e-12)
  }

  @Test func `any number of ranks gives the same bits`() throws {
    let oracle = try EffectOracle.loaded.get()
    var choosing = oracle.options("quadratic+interactions")
    choosing.form = nil
    let options = choosing
    let alone = try oracle.fit(options)
    for ranks in [2, 3, 8] {
      let results = try LoopbackCommunicator.run(ranks: ranks) { communicator in
        try oracle.fit(options, on: communicator)
      }
      for result in results {
        #expect(result.answers == alone.answers && result.formCriteria == alone.formCriteria, "\(ranks) ranks")
        #expect(result.diagnostics?.andersonRubin == alone.diagnostics?.andersonRubin)
      }
    }
  }

  @Test func `names and order of groups change no bit`() throws {
    let oracle = try EffectOracle.loaded.get()
    let options = oracle.options("quadratic")
    let expected = try oracle.fit(options)
    for order in [[2, 0, 1], [1, 2, 0], [2, 1, 0]] {
      let result = try oracle.fit(options, groups: order)
      #expect(result.answers == expected.answers)
      #expect(result.groupShares == order.map { expected.groupShares[$0] })
    }
  }

  /// t -> a t + b and y -> c y + d, x to any other units: the answers in the new units.
  @Test func `units of the columns are those of the answers`() throws {
    let oracle = try EffectOracle.loaded.get()
    let expected = try oracle.fit(oracle.options("quadratic+interactions")).headline
    var options = oracle.options("quadratic+interactions")
    let (a, b, c, d) = (-2.5, 40.0, 0.01, 7.0)
    options.contrasts = options.contrasts.map { Contrast(from: a * $0.from + b, to: a * $0.to + b) }
    options.curve = options.curve.map { a * $0 + b }.sorted()
    let moved = try oracle.fit(options) { x, t, y in ([1000 * x[0] - 5, 0.1 * x[1] + 3], a * t + b, c * y + d) }
      .headline
    #expect(abs(moved.averageSlope.estimate - c / a * expected.averageSlope.estimate) < 1e-8)
    #expect(abs(moved.averageSlope.standardError! - abs(c / a) * expected.averageSlope.standardError!) < 1e-8)
    let contrast = expected.contrasts[0].effect
    #expect(abs(moved.contrasts[0].effect.estimate - c * contrast.estimate) < 1e-8)
    #expect(abs(moved.contrasts[0].effect.standardError! - c * contrast.standardError!) < 1e-8)
    // The curve is sorted by t, which a negative factor turns round.
    #expect(abs(moved.curve[0].g - (c * expected.curve[1].g + d)) < 1e-7)
  }
}
