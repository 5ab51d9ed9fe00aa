import Communication
import Effects
import LinearAlgebra
import TestSupport
import Testing

/// The control function, on the rows of `make_effects.py` and against `make_control.py`.
@Suite struct ControlFunctionMethodTests {
  private struct Expected: Decodable {
    struct Fit: Decodable {
      let coefficients: [Double]
      let covariance: [[Double]]
      let hc1: [[Double]]
      let clustered: [[Double]]
      let exogeneity: Double
      let degreesOfFreedom: Int
    }
    let clusters: Int
    let fits: [String: Fit]
  }

  private let oracle: EffectOracle
  private let expected: Expected

  init() throws {
    oracle = try EffectOracle.loaded.get()
    expected = try TestSupport.oracle("control.json", as: Expected.self)
  }

  private func options(_ form: String, _ covariance: EffectOptions.Covariance = .hc0) -> EffectOptions {
    var options = oracle.options(form)
    options.methods = [.control]
    (options.covariance, options.method) = (covariance, .twoStage)
    if covariance == .cluster { options.clusters = ["clinic"] }
    return options
  }

  private func control(_ result: EffectResult) throws -> MethodAnswer {
    try #require(result.ladder.first { $0.method == .control })
  }

  /// φ(5) - φ(2) at average covariates.
  private func contrast(_ count: Int) -> [Double] {
    (0..<count).map { $0 == 0 ? 3 : $0 == 1 ? 21 : 0 }
  }

  @Test(arguments: ["linear", "quadratic", "quadratic+interactions"])
  func `estimates, errors over both stages and the test of exogeneity are those of numpy`(form: String) throws {
    let fit = try #require(expected.fits[form])
    for (kind, covariance) in [
      (EffectOptions.Covariance.hc0, fit.covariance), (.hc1, fit.hc1), (.cluster, fit.clustered),
    ] {
      let found = try control(oracle.fit(options(form, kind), clusters: expected.clusters))
      let weights = contrast(fit.coefficients.count)
      let effect = found.contrasts[0].effect
      #expect(abs(effect.estimate - zip(weights, fit.coefficients).reduce(0) { $0 + $1.0 * $1.1 }) < 1e-8)
      let variance = zip(weights, Matrix(covariance) * weights).reduce(0) { $0 + $1.0 * $1.1 }
      #expect(abs(effect.standardError! / variance.squareRoot() - 1) < 1e-8, "\(kind)")
      guard kind == .hc0 else { continue }
      let test = try #require(found.exogeneity)
      #expect(abs(test.statistic / fit.exogeneity - 1) < 1e-7 && test.degreesOfFreedom == fit.degreesOfFreedom)
    }
  }

  @Test func `ranks, names and order of groups change no bit`() throws {
    let (oracle, options) = (oracle, options("quadratic"))
    let alone = try oracle.fit(options)
    let expected = try control(alone)
    for order in [[2, 0, 1], [1, 2, 0]] {
      let found = try control(oracle.fit(options, groups: order))
      #expect(found.curve == expected.curve && found.exogeneity == expected.exogeneity)
    }
    for result in try LoopbackCommunicator.run(ranks: 3, { try oracle.fit(options, on: $0) }) {
      #expect(try control(result).curve == expected.curve)
      #expect(result.digest() == alone.digest())
    }
  }

  @Test func `a weight of two is a row twice`() throws {
    let options = options("quadratic")
    let expected = try control(oracle.fit(options))
    let doubled = try control(oracle.fit(options, scalingWeightsBy: 2))
    #expect(abs(doubled.averageSlope.estimate - expected.averageSlope.estimate) < 1e-9)
    #expect(abs(doubled.averageSlope.standardError! - expected.averageSlope.standardError!) < 1e-9)
  }

  @Test func `units of the columns are those of the answers`() throws {
    let options = options("quadratic+interactions")
    let expected = try control(oracle.fit(options))
    var moved = options
    let (a, b, c, d) = (-2.5, 40.0, 0.01, 7.0)
    moved.contrasts = options.contrasts.map { Contrast(from: a * $0.from + b, to: a * $0.to + b) }
    moved.curve = options.curve.map { a * $0 + b }.sorted()
    let found = try control(
      oracle.fit(moved) { x, t, y in ([1000 * x[0] - 5, 0.1 * x[1] + 3], a * t + b, c * y + d) })
    #expect(abs(found.contrasts[0].effect.estimate - c * expected.contrasts[0].effect.estimate) < 1e-8)
    #expect(abs(found.contrasts[0].effect.standardError! - c * expected.contrasts[0].effect.standardError!) < 1e-8)
    #expect(abs(found.exogeneity!.statistic / expected.exogeneity!.statistic - 1) < 1e-6)
  }
}
