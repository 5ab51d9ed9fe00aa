import Diagnostics
import InstrumentalVariables
import Regression
import TestSupport
import Testing

@Suite struct RefusalTests {
  let sample = InstrumentalFixture.shared.sample("strong")

  private func message(_ change: (inout InstrumentalFixture.Sample) -> Void) -> String? {
    var changed = sample
    change(&changed)
    do { _ = try changed.regression() } catch { return (error as? Failure)?.message }
    return nil
  }

  @Test func `columns that others determine are left out and named, and change nothing`() throws {
    var extended = sample
    extended.w = sample.w.map { $0 + [2 * $0[0] - 1] }
    extended.z = sample.z.enumerated().map { i, z in [z[0], sample.w[i][1], z[1], z[0] - 3 * z[1], z[2], z[3], z[4]] }
    let regression = try extended.regression()
    #expect(
      regression.dropped == [
        DroppedColumn(name: "w[2]", role: .control), DroppedColumn(name: "z[1]", role: .instrument),
        DroppedColumn(name: "z[3]", role: .instrument),
      ])
    #expect(regression.names.instruments == ["z[0]", "z[2]", "z[4]", "z[5]", "z[6]"])
    let (first, second) = (try regression.estimate(.hful), try sample.regression().estimate(.hful))
    #expect(relativeDistance(first.coefficients, second.coefficients) < 1e-10)
    #expect(relativeDistance(first.covariance.values, second.covariance.values) < 1e-9)
  }

  @Test func `what the rows cannot determine is refused by name`() {
    let cases: [(String, (inout InstrumentalFixture.Sample) -> Void)] = [
      ("'y' is constant", { $0.y = $0.y.map { _ in 3 } }),
      (
        "'d[1]' is constant or a combination of the controls",
        { s in s.d = s.d.indices.map { [s.d[$0][0], s.w[$0][0]] } }
      ),
      ("'d[1]' is a combination of those before it", { s in s.d = s.d.map { [$0[0], 2 - $0[0]] } }),
      (
        "'d[0]' is a combination of controls and instruments", { s in s.z = s.z.indices.map { [s.d[$0][0]] + s.z[$0] } }
      ),
      ("2 endogenous columns need as many instruments at least, and 1 are given", { s in s.z = s.z.map { [$0[0]] } }),
      ("controls and other instruments determine 'z[1]'", { s in s.z = s.z.map { [$0[0], 1 - $0[0]] } }),
      ("all rows lie in one cluster of 'other'", { s in s.others = s.others.map { _ in 0 } }),
    ]
    for (text, change) in cases {
      let message = message(change)
      #expect(message?.contains(text) == true, "\(message ?? "no failure") instead of \(text)")
    }
    #expect(
      message { s in
        (s.w, s.z, s.d) = (Array(s.w[..<8]), Array(s.z[..<8]), Array(s.d[..<8]))
        (s.y, s.clusters, s.others) = (Array(s.y[..<8]), Array(s.clusters[..<8]), Array(s.others[..<8]))
      }?.contains("8 rows for 10 columns") == true)
  }

  @Test func `a covariance without theory is refused by a typed error`() throws {
    let regression = try sample.regression()
    let cases: [(InstrumentalEstimator, InstrumentalCovariance)] = [
      (.hful, .clustered([0])), (.hful, .hc1), (.jive, .clustered([0])), (.ujive, .unadjusted), (.gmm, .unadjusted),
      (.gmm, .hc3), (.twoStage, .clustered([2])), (.twoStage, .clustered([])), (.ordinary, .clustered([0, 0])),
    ]
    for (estimator, kind) in cases {
      #expect(throws: CovarianceUnavailable(estimator: estimator, covariance: kind)) {
        try regression.estimate(estimator, covariance: kind)
      }
    }
  }

  @Test func `few clusters have Student's quantiles`() throws {
    let regression = try sample.regression()
    let few = try regression.estimate(.twoStage, covariance: .clustered([1]))
    #expect(few.degreesOfFreedom == 5)
    // The quantile .975 of t with 5 degrees of freedom.
    let interval = few.intervals()[0]
    #expect(abs((interval.upper - few.coefficients[0]) / few.standardErrors[0] - 2.570581835636314) < 1e-10)
    let many = try regression.estimate(.twoStage, covariance: .clustered([0]))
    #expect(many.degreesOfFreedom == nil)
    #expect(
      abs((many.intervals()[0].upper - many.coefficients[0]) / many.standardErrors[0] - 1.959963984540054) < 1e-10)
    #expect(few.pValues[0] > 0 && few.pValues[0] < 1)
  }
}
