import Foundation
import Mixture
import Testing

/// How many passes EM has before it, from the rises of its log-likelihood.
@Suite struct RemainingPassesTests {
  /// A trace whose rises are these.
  private static func trace(_ rises: [Double]) -> [Double] {
    rises.reduce(into: [-1000.0]) { trace, rise in trace.append(trace.last! + rise) }
  }

  @Test func `Rises that halve reach a thousandth of the last after ten passes`() {
    let halving = Self.trace((0..<12).map { exp2(-Double($0)) })
    #expect(Convergence.expectedPasses(halving, untilRise: exp2(-21)) == 10)
    #expect(Convergence.expectedPasses(halving, untilRise: exp2(-20.5)) == 10)
    #expect(Convergence.expectedPasses(halving, untilRise: 1) == 1)
  }

  @Test func `Where there is no basis there is no number`() {
    let halving = (0..<12).map { exp2(-Double($0)) }
    // No tolerance, too few passes, a fall among them, rises that do not fall, and rises whose factor goes on changing.
    #expect(Convergence.expectedPasses(Self.trace(halving), untilRise: 0) == nil)
    #expect(Convergence.expectedPasses(Self.trace(Array(halving.prefix(8))), untilRise: 1e-9) == nil)
    #expect(Convergence.expectedPasses(Self.trace(halving + [-1e-4]), untilRise: 1e-9) == nil)
    #expect(Convergence.expectedPasses(Self.trace(Array(repeating: 1, count: 12)), untilRise: 1e-9) == nil)
    let slowing = (1...12).map { 1 / Double($0 * $0) }
    #expect(Convergence.expectedPasses(Self.trace(slowing), untilRise: 1e-9) == nil)
  }

  /// EM for the share of the first of two known densities, which is one number and converges linearly.
  @Test func `In a mixture of known densities what is expected comes true, near the end within a tenth`() throws {
    let ratios = (0..<400).map { row in exp(2 * sin(Double(row) * 0.7) + 0.6) }
    var share = 0.05
    var trace: [Double] = []
    for _ in 0..<400 {
      trace.append(ratios.reduce(0) { $0 + log(share * $1 + 1 - share) })
      share = ratios.reduce(0) { $0 + share * $1 / (share * $1 + 1 - share) } / Double(ratios.count)
    }
    let tolerance = 1e-7
    let last = try #require(trace.indices.dropFirst().first { trace[$0] - trace[$0 - 1] <= tolerance })
    var told = 0
    for pass in 10..<last {
      guard let expected = Convergence.expectedPasses(Array(trace[...pass]), untilRise: tolerance) else { continue }
      told += 1
      let left = Double(last - pass)
      let share = left > 30 ? 0.4 : 0.1
      #expect(abs(Double(expected) - left) <= max(2, share * left), "\(pass) of \(last)")
    }
    #expect(told > (last - 10) / 2)
  }
}
