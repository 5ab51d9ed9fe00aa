import Statistics
import TestSupport
import Testing

@Suite struct BootstrapTests {
  struct Fixture: Decodable {
    struct Values: Decodable {
      let estimate, level, standardError, estimateError: Double
      let replicates, jackknife, replicateErrors, percentile, basic, bCa, studentized: [Double]
    }
    let bootstrap: Values
  }

  private func bounds(_ interval: ConfidenceInterval?) -> [Double] {
    interval.map { [$0.lower, $0.upper] } ?? []
  }

  @Test func `Intervals are those of scipy`() throws {
    let values = try oracle("distributions.json", as: Fixture.self).bootstrap
    let bootstrap = Bootstrap(estimate: values.estimate, replicates: values.replicates)
    #expect(abs(bootstrap.standardError - values.standardError) < 1e-14)
    #expect(distance(bounds(bootstrap.percentile(level: values.level)), values.percentile) < 1e-14)
    #expect(distance(bounds(bootstrap.basic(level: values.level)), values.basic) < 1e-14)
    let accelerated = bootstrap.biasCorrectedAccelerated(level: values.level, jackknife: values.jackknife)
    #expect(distance(bounds(accelerated), values.bCa) < 1e-13)
    let studentized = Bootstrap.studentized(
      level: values.level, estimate: values.estimate, standardError: values.estimateError,
      replicates: values.replicates, standardErrors: values.replicateErrors)
    #expect(distance(bounds(studentized), values.studentized) < 1e-14)
  }

  @Test func `Shift and scale of the estimate carry over to every interval`() throws {
    let values = try oracle("distributions.json", as: Fixture.self).bootstrap
    func moved(_ x: Double) -> Double { 3 * x - 7 }
    let first = Bootstrap(estimate: values.estimate, replicates: values.replicates)
    let second = Bootstrap(estimate: moved(values.estimate), replicates: values.replicates.map(moved))
    #expect(distance(bounds(second.basic(level: 0.8)), bounds(first.basic(level: 0.8)).map(moved)) < 1e-14)
    let accelerated = bounds(first.biasCorrectedAccelerated(level: 0.8, jackknife: values.jackknife)).map(moved)
    #expect(accelerated.count == 2)
    #expect(
      distance(
        bounds(second.biasCorrectedAccelerated(level: 0.8, jackknife: values.jackknife.map(moved))), accelerated)
        < 1e-13)
  }

  @Test func `Without bias and acceleration the corrected interval is the percentile interval`() {
    let bootstrap = Bootstrap(estimate: 0, replicates: (-50...50).map(Double.init))
    let corrected = bootstrap.biasCorrectedAccelerated(level: 0.9, jackknife: [-1, 0, 1])
    #expect(distance(bounds(corrected), bounds(bootstrap.percentile(level: 0.9))) < 1e-14)
    #expect(bounds(bootstrap.percentile(level: 0.9)) == [-45, 45])
  }

  @Test func `Replicates on one side of the estimate have no corrected interval`() {
    let bootstrap = Bootstrap(estimate: 0, replicates: [1, 2, 3])
    #expect(bootstrap.biasCorrectedAccelerated(level: 0.9, jackknife: [1, 2]) == nil)
    let single = Bootstrap(estimate: 4, replicates: [5])
    #expect(single.percentile(level: 0.9) == ConfidenceInterval(lower: 5, upper: 5))
  }
}
