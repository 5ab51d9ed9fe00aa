import Statistics
import TestSupport
import Testing

@Suite struct NoncentralChiSquareTests {
  /// `noncentral.json`.
  private struct Fixture: Decodable {
    let points, quantiles: [[Double]]
  }

  private let fixture: Fixture

  init() throws {
    fixture = try oracle("noncentral.json")
  }

  @Test func `density and tails are those of mpmath, each to its own precision`() {
    for point in fixture.points {
      let law = NoncentralChiSquare(degreesOfFreedom: point[0], noncentrality: point[1])
      let values = [law.density(point[2]), law.cumulative(point[2]), law.survival(point[2])]
      for (value, expected) in zip(values, point[3...]) { #expect(abs(value / expected - 1) < 1e-11, "\(point)") }
    }
  }

  @Test func `quantiles are those of scipy`() {
    for quantile in fixture.quantiles {
      let law = NoncentralChiSquare(degreesOfFreedom: quantile[0], noncentrality: quantile[1])
      #expect(abs(law.quantile(survival: 0.05) / quantile[2] - 1) < 1e-9)
    }
  }
}
