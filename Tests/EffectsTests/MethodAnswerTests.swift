import Communication
import Effects
import LinearAlgebra
import NonparametricIV
import TestSupport
import Testing

/// Methods side by side, on the rows of `make_effects.py`.
@Suite struct MethodAnswerTests {
  private let oracle: EffectOracle

  init() throws { oracle = try EffectOracle.loaded.get() }

  private func options(_ methods: [EffectMethod]) -> EffectOptions {
    var options = oracle.options("quadratic")
    options.methods = methods
    options.nonparametric.landmarks = 40
    return options
  }

  private static let nonparametric: [EffectMethod] = [.nonparametric(.poly2sls), .nonparametric(.kerneliv)]

  @Test func `names and order of groups, and ranks, change no bit of a function that is found`() throws {
    let (oracle, options) = (oracle, options(Self.nonparametric))
    let expected = try oracle.fit(options).ladder
    #expect(expected.map(\.method.name) == ["sieve2sls", "poly2sls", "kerneliv"])
    for order in [[2, 0, 1], [1, 2, 0]] {
      let found = try oracle.fit(options, groups: order).ladder
      #expect(found.map(\.digest) == expected.map(\.digest))
      #expect(found.map(\.curve) == expected.map(\.curve))
    }
    for result in try LoopbackCommunicator.run(ranks: 3, { try oracle.fit(options, on: $0) }) {
      #expect(result.ladder.map(\.digest) == expected.map(\.digest))
      #expect(result.ladder.map(\.averageSlope) == expected.map(\.averageSlope))
    }
  }

  /// Weighted mean over the rows of g at treatments that follow from the rows' own.
  private func mean(_ fit: NonparametricFit, _ treatment: (Double) -> Double) -> Double {
    let (n, m) = (oracle.t.count, oracle.x[0].count)
    let stride = Kernel.paddedCount(n)
    let storage = AlignedBuffer(count: (m + 2) * stride)
    for row in 0..<n {
      storage[row] = treatment(oracle.t[row])
      for j in 0..<m { storage[(j + 1) * stride + row] = oracle.x[row][j] }
    }
    let values = storage.pointer + (m + 1) * stride
    fit.function.evaluate(
      storage.pointer, covariates: (0..<m).map { UnsafePointer(storage.pointer + ($0 + 1) * stride) }, rowCount: n,
      into: values)
    return withExtendedLifetime(storage) {
      (0..<n).reduce(0) { $0 + oracle.weight[$1] * values[$1] } / oracle.weight.reduce(0, +)
    }
  }

  @Test func `answers are means over the rows of the function that is found`() throws {
    let result = try oracle.fit(options(Self.nonparametric))
    for answer in result.ladder.dropFirst() {
      let fit = try #require(answer.fit)
      for point in answer.curve {
        let g = mean(fit) { _ in point.t }
        #expect(abs(point.g - g) < 1e-9)
        #expect(abs(point.tau - (g - mean(fit) { _ in result.reference })) < 1e-9)
        #expect(point.standardError == nil && point.uniformLower == nil)
      }
      #expect(abs(answer.contrasts[0].effect.estimate - (mean(fit) { _ in 5 } - mean(fit) { _ in 2 })) < 1e-9)
      // Five-point differences are exact for polynomials of degree four.
      let h = 0.05
      let sides = [-2.0, -1, 1, 2].map { step in mean(fit) { $0 + step * h } }
      let slope = (sides[0] - 8 * sides[1] + 8 * sides[2] - sides[3]) / (12 * h)
      #expect(abs(answer.averageSlope.estimate - slope) < 1e-4)
    }
  }

  @Test func `a method is held against the default one by its curve`() throws {
    let result = try oracle.fit(options([.ordinary, .limitedInformation, .linearTwoStage]))
    let ladder = result.ladder
    #expect(ladder.map(\.method.name) == ["ols", "2sls", "sieve2sls", "liml"])
    let sieve = ladder[2]
    #expect(sieve.curve == result.headline.curve && sieve.distance == 0 && !sieve.disagrees)
    for answer in ladder {
      let squares = zip(answer.curve, sieve.curve).reduce(0) { sum, points in
        sum + (points.0.tau - points.1.tau) * (points.0.tau - points.1.tau)
      }
      let expected = (squares / Double(sieve.curve.count)).squareRoot() / result.outcome.standardDeviation
      #expect(abs(answer.distance - expected) < 1e-12)
    }
    let ratios = zip(ladder[0].curve, sieve.curve).map { a, b in
      abs(a.tau - b.tau) / (a.standardError! * a.standardError! + b.standardError! * b.standardError!).squareRoot()
    }
    #expect(abs(ladder[0].standardizedDistance! - ratios.max()!) < 1e-12)
    #expect(ladder[0].curve == result.answer(.ordinary)?.curve)
  }
}
