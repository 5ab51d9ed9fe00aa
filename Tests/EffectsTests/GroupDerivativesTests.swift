import Communication
import Effects
import Features
import Foundation
import Frames
import LinearAlgebra
import Simulation
import Synchronization
import TestSupport
import Testing

/// Groups with the weights Z_k = p_k e^(θ_k s) / Σ_l p_l e^(θ_l s), p those of other groups and s the covariate x0: what
/// they are estimated with is θ, of which derivatives are known.
private struct TiltedGroups: GroupInstrument, GroupEstimation {
  let base: LevelInstrument
  let frame: Frame
  /// θ.
  var tilts: [Double]
  /// Whether shares depend on x: e^(θ_k x0) / Σ_l e^(θ_l x0).
  var hasShares = false
  /// The derivatives that coefficients are found to have.
  let found = Found()

  final class Found: Sendable {
    let derivatives = Mutex<[Matrix]>([])
  }

  var groupNames: [String] { base.groupNames }
  var parameterCount: Int { tilts.count }

  /// The level of a row for three parts in four, and the others alike.
  private static let hardness = 0.75

  private func fill(
    _ chunk: Int, into values: UnsafeMutablePointer<Double>, stride: Int, prior: (Int, Int) -> Double
  ) throws {
    let x = try frame.pointer(covariate: 0, chunk: chunk)
    for row in 0..<frame.rowCount(ofChunk: chunk) {
      let odds = tilts.indices.map { prior($0, row) * exp(tilts[$0] * x[row]) }
      let sum = odds.reduce(0, +)
      for k in odds.indices { values[k * stride + row] = odds[k] / sum }
    }
  }

  func fill(_ chunk: Int, into weights: UnsafeMutablePointer<Double>, stride: Int) throws {
    try base.fill(chunk, into: weights, stride: stride)
    let given = AlignedBuffer(count: groupCount * stride)
    given.pointer.update(from: weights, count: groupCount * stride)
    try fill(chunk, into: weights, stride: stride) { k, row in
      Self.hardness * given[k * stride + row] + (1 - Self.hardness) / Double(groupCount)
    }
  }

  func fillShares(_ chunk: Int, into shares: UnsafeMutablePointer<Double>, stride: Int) throws -> Bool {
    guard hasShares else { return false }
    try fill(chunk, into: shares, stride: stride) { _, _ in 1 }
    return true
  }

  func estimation() -> (any GroupEstimation)? { self }

  /// ∂Z_k/∂θ_l = Z_k ([k = l] - Z_l) s.
  func addDerivatives(_ gradient: GroupGradient, chunk: Int, to sums: inout [Double]) throws {
    let x = try frame.pointer(covariate: 0, chunk: chunk)
    let values = AlignedBuffer(count: gradient.weights.count)
    try fill(chunk, into: values.pointer, stride: gradient.stride)
    try add(gradient.weights, values)
    guard let shares = gradient.shares else { return }
    _ = try fillShares(chunk, into: values.pointer, stride: gradient.stride)
    try add(shares, values)

    func add(_ given: AlignedBuffer, _ z: AlignedBuffer) throws {
      for row in 0..<frame.rowCount(ofChunk: chunk) {
        for a in 0..<gradient.quantities {
          for l in tilts.indices {
            for k in tilts.indices {
              let slope =
                z[k * gradient.stride + row] * ((k == l ? 1 : 0) - z[l * gradient.stride + row]) * x[row]
              sums[a * parameterCount + l] += slope * given[(k * gradient.quantities + a) * gradient.stride + row]
            }
          }
        }
      }
    }
  }

  func influence(ofDerivatives derivatives: Matrix) -> Matrix {
    found.derivatives.withLock { $0.append(derivatives) }
    return derivatives
  }

  func fill(_: Matrix, chunk _: Int, into _: UnsafeMutablePointer<Double>, stride _: Int) {}
}

/// Derivatives of coefficients by what groups are estimated with, against differences of whole fits.
@Suite struct GroupDerivativesTests {
  struct Case: Sendable, CustomStringConvertible {
    var form = "linear"
    var basis = EffectOptions.InstrumentBasis.index
    var method = EffectOptions.Method.hful
    var hasShares = false
    var weights: WeightKind?
    var methods: [EffectMethod] = []
    var description: String { "\(form) \(basis) \(method) \(hasShares) \(String(describing: weights)) \(methods)" }
  }

  private func groups(_ case: Case, _ tilts: [Double]) throws -> (Frame, TiltedGroups) {
    var parameters = SimulationParameters()
    (parameters.rows, parameters.confounding, parameters.seed) = (300, [0.5], 8)
    let drawn = try Simulation(parameters).rows(0..<parameters.rows)
    let (count, m) = (parameters.rows, parameters.covariates)
    var columns: [FrameColumn] =
      (0..<m).map { j in .real("x\(j)", .covariate, (0..<count).map { drawn.x[$0 * m + j] }) } + [
        .real("t", .treatment, drawn.t), .real("y", .outcome, drawn.y), .integer("z", .source, drawn.z.map(Int64.init)),
      ]
    if `case`.weights != nil { columns.append(.real("v", .weight, (0..<count).map { Double($0 % 3) })) }
    let frame = try Frame(
      rows: DistributedRows(rowCount: count, chunkLength: 64, communicator: SoloCommunicator()), columns: columns)
    if let kind = `case`.weights { try frame.takeWeights(as: kind) }
    let base = LevelInstrument(
      frame, column: frame.columns(of: .source)[0], codes: [0, 1, 2], names: ["0", "1", "2"])
    return (frame, TiltedGroups(base: base, frame: frame, tilts: tilts, hasShares: `case`.hasShares))
  }

  private func fit(_ case: Case, _ tilts: [Double], _ errors: EffectOptions.Errors) throws -> (EffectResult, [Matrix]) {
    let (frame, groups) = try groups(`case`, tilts)
    var options = EffectOptions()
    options.form = OutcomeForm(`case`.form)
    (options.instrumentBasis, options.method, options.errors) = (`case`.basis, `case`.method, errors)
    options.methods = `case`.methods
    let scaling = ColumnScaling(centers: [0.1, -0.2, 0, 0.3], scales: [2, 0.5, 1, 1.5])
    let result = try EffectEstimator(
      options, groups: groups,
      features: PolynomialBasis(degree: 2, covariateNames: frame.covariateNames, origin: [0, 0, 0]), scaling: scaling
    ).fit(frame)
    return (result, groups.found.derivatives.withLock { $0 })
  }

  @Test(arguments: [
    Case(), Case(basis: .interactions), Case(basis: .groups, method: .twoStage), Case(hasShares: true),
    Case(basis: .interactions, hasShares: true), Case(method: .liml, weights: .sampling),
    Case(method: .jive, weights: .frequency), Case(hasShares: true, weights: .frequency),
  ])
  func `coefficients follow the parameters of groups by their derivatives`(case: Case) throws {
    let tilts = [0.3, -0.2, 0.1]
    let (result, matrices) = try fit(`case`, tilts, .stacked)
    let found = try #require(matrices.first)
    let methods: [EffectOptions.Method] = `case`.method == .twoStage ? [.twoStage] : [`case`.method, .twoStage]
    #expect(found.rows == methods.count * result.headline.terms.count)
    let expected = try difference(tilts) { tilts in
      let result = try fit(`case`, tilts, .robust).0
      return methods.flatMap { method in result.answer(method)!.terms.map(\.estimate) }
    }
    for (a, value) in expected.enumerated() { require(found, a, is: value) }
  }

  @Test(arguments: [nil, WeightKind.frequency])
  func `so does the control function`(weights: WeightKind?) throws {
    let (one, tilts) = (Case(weights: weights, methods: [.control]), [0.3, -0.2, 0.1])
    let (_, matrices) = try fit(one, tilts, .stacked)
    let expected = try difference(tilts) { tilts in
      let answer = try #require(try fit(one, tilts, .robust).0.ladder.first { $0.method == .control })
      return [answer.averageSlope.estimate]
    }
    require(try #require(matrices.last), 0, is: expected[0])
  }

  /// The direction in which θ moves.
  private static let direction = [1, -2, 0.5]

  private func difference(_ tilts: [Double], _ quantities: ([Double]) throws -> [Double]) throws -> [Double] {
    let step = 1e-4
    func moved(_ step: Double) -> [Double] { zip(tilts, Self.direction).map { $0 + step * $1 } }
    return zip(try quantities(moved(step)), try quantities(moved(-step))).map { ($0 - $1) / (2 * step) }
  }

  private func require(_ found: Matrix, _ quantity: Int, is expected: Double) {
    let parts = Self.direction.indices.map { found[quantity, $0] * Self.direction[$0] }
    let scale = parts.map { abs($0) }.max()!
    #expect(
      abs(parts.reduce(0, +) - expected) < 1e-5 * scale, "\(quantity): \(parts), by differences \(expected)")
  }
}
