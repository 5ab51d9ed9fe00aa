import Diagnostics
import Foundation
import MetaEM
import Mixture
import ModelTestSupport
import Reports
import TestSupport
import Testing

@Suite struct TrainingReportTests {
  private func report(_ result: MetaEM.Result) -> TrainingReport {
    TrainingReport(result, ranks: 3, version: "1", kernel: "k", modelDigest: "m", posteriorDigest: "p")
  }

  private func json(_ report: TrainingReport) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: JSONEncoder().encode(report)) as? [String: Any])
  }

  @Test func `Unknown values are null, not left out`() throws {
    var rows = TestRows(rowCount: 600, covariateCount: 2, groups: 2, seed: 71)
    rows.groups = []
    let kmeans = try TestShards(rows).result(
      configuration(groups: 2) {
        $0.distribution = .kmeans
        $0.representation = .identity
      })
    let fields = try json(report(kmeans))
    let unknown = [
      "logLikelihood", "bic", "icl", "accuracy", "adjustedRandIndex", "confusion", "form", "kappa",
      "kappaStandardError", "effectCoefficients", "effectStandardErrors", "effectCurve", "outcomeBasis",
      "covariateBasis",
    ]
    for name in unknown { #expect(fields[name] is NSNull, "\(name)") }
    #expect(fields["warnings"] as? [String] == [])
    #expect(fields["inertia"] is Double && fields["ranks"] as? Int == 3 && fields["rows"] as? Int == 600)
    for name in ["groups", "mmd", "iterations", "converged", "modelDigest", "posteriorDigest", "seconds", "events"] {
      #expect(fields[name] != nil, "\(name)")
    }
  }

  @Test func `Components are in the units of the data, standardised or not`() throws {
    var rows = TestRows(rowCount: 1500, covariateCount: 2, groups: 2, seed: 72)
    rows.covariates[0] = rows.covariates[0].map { 300 + 20 * $0 }
    rows.treatment = rows.treatment.map { 5 * $0 - 4 }
    let shards = try TestShards(rows)
    for distribution in [DistributionKind.regression, .gaussian] {
      let reports = try [false, true].map { standardize in
        report(
          try shards.result(
            configuration(groups: 2) {
              $0.distribution = distribution
              $0.representation = .identity
              $0.standardize = standardize
              $0.tolerance = 1e-12
            }))
      }
      for (a, b) in zip(reports[0].components, reports[1].components) {
        #expect(a.rows == b.rows && abs(a.share - b.share) < 1e-5)
        let (one, other) = (a.coefficients ?? a.means!, b.coefficients ?? b.means!)
        #expect(one.keys == other.keys)
        for (name, value) in one { #expect(abs(value - other[name]!) < 1e-3 * max(1, abs(value)), "\(name)") }
        if let sigma = a.residualStandardDeviation {
          #expect(abs(sigma / b.residualStandardDeviation! - 1) < 1e-4)
        }
      }
      #expect(abs(reports[0].logLikelihood! / reports[1].logLikelihood! - 1) < 1e-7)
    }
  }

  @Test func `What a reader should know is among the findings`() throws {
    let rows = TestRows(rowCount: 900, covariateCount: 2, groups: 3, noise: 1, seed: 73)
    let short = try TestShards(rows).result(
      configuration(groups: 3) {
        $0.representation = .identity
        $0.maximumIterations = 2
      })
    #expect(!short.isConverged)
    #expect(short.findings.contains(.note(.notConverged, [.passes: .count(2)])))
    #expect(!short.findings.contains { $0.isDoubt })
    // Three covariances of eleven columns.
    let wide = try TestShards(TestRows(rowCount: 150, covariateCount: 10, groups: 3, seed: 75)).result(
      configuration(groups: 3) {
        $0.distribution = .gaussian
        $0.representation = .identity
      })
    let parameters: Int = 2 + 3 * 11 + 3 * 66
    let doubts = wide.findings.filter(\.isDoubt)
    #expect(doubts == [Finding(.moreParametersThanRows, [.parameters: .count(parameters), .rows: .count(150)])])
    let report = report(wide)
    #expect(report.warnings == doubts.map(\.words) && report.events == wide.findings.map(\.words))
    // Sources that follow a covariate.
    var unbalanced = TestRows(rowCount: 900, covariateCount: 2, groups: 2, seed: 74)
    unbalanced.treatment = (0..<900).map { row in
      let x = unbalanced.covariates[0][row]
      return (x > 0 ? 3 * x : -3 * x) + 0.05 * unbalanced.treatment[row]
    }
    let result = try TestShards(unbalanced).result(configuration(groups: 2) { $0.representation = .identity })
    #expect(result.findings.contains { $0.code == .unbalancedCovariates && $0.names(.names).first == "x0" })
  }
}
