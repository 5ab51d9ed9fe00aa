import Foundation
import LinearAlgebra
import Simulation
import Testing

@Suite struct SimulationLawsTests {
  private static func normal(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

  /// The distribution functions of the standardised laws, in closed form.
  private static func cumulative(_ law: SimulationErrorLaw, _ x: Double) -> Double {
    switch law {
    case .normal, .heteroskedastic: return normal(x)
    case .t4:
      let t = x * 2.0.squareRoot()
      let q = 1 + t * t / 4
      return 0.5 + 0.375 * t / q.squareRoot() * (1 - t * t / (12 * q))
    case .exponential: return x < -1 ? 0 : 1 - exp(-(x + 1))
    case .uniform: return min(max(0.5 + x / 12.0.squareRoot(), 0), 1)
    case .bimodal:
      let spread = 0.19.squareRoot()
      return (normal((x - 0.9) / spread) + normal((x + 0.9) / spread)) / 2
    }
  }

  private func sample(_ law: SimulationErrorLaw, count: Int = 100_000) -> [Double] {
    let random = CounterRandom(seed: 11, stream: .test)
    return (0..<count).map { law.draw(random, row: $0, draw: 0) }
  }

  @Test(arguments: SimulationErrorLaw.allCases)
  func `Has its distribution`(law: SimulationErrorLaw) {
    let sample = sample(law).sorted()
    let n = Double(sample.count)
    let distance = sample.enumerated().reduce(0) { largest, entry in
      let value = Self.cumulative(law, entry.element)
      return max(largest, abs(value - Double(entry.offset) / n), abs(Double(entry.offset + 1) / n - value))
    }
    // The 99.9% point of Kolmogorov-Smirnov.
    #expect(distance * n.squareRoot() < 1.95)
  }

  @Test(arguments: SimulationErrorLaw.allCases)
  func `Is standardised`(law: SimulationErrorLaw) {
    let sample = sample(law)
    let n = Double(sample.count)
    let mean = sample.reduce(0, +) / n
    let variance = sample.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n
    #expect(abs(mean) < 4 / n.squareRoot())
    // Four standard errors √((κ - 1) / n) at most, κ = 9 for the exponential; t4 has no κ and converges more slowly.
    #expect(abs(variance - 1) < (law == .t4 ? 0.05 : 4 * (8 / n).squareRoot()))
  }

  @Test func `Scenarios are their functions, within a unit in the last place`() throws {
    let expected: [SimulationScenario: (Double) -> Double] = [
      .linear: { $0 }, .poly: { $0 * $0 }, .sin: { sin($0) }, .sigmoid: { 1 / (1 + exp(-$0)) }, .abs: { abs($0) },
    ]
    for scenario in SimulationScenario.allCases {
      let function = try #require(expected[scenario])
      for x in stride(from: -3.0, through: 3, by: 0.5) { #expect(abs(scenario(x) - function(x)) <= function(x).ulp) }
    }
  }
}
