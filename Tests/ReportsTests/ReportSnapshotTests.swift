import Communication
import Foundation
import MetaEM
import ModelTestSupport
import Reports
import Simulation
import TestSupport
import Testing

/// What train, sweep and predict print, with numbers masked: kept files say all else.
@Suite struct ReportSnapshotTests {
  /// Digests are @, numbers #, and the spaces that align them two.
  private func masked(_ text: String) -> String {
    text.replacing(/[0-9a-f]{16}/, with: "@").replacing(/-?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?/, with: "#")
      .replacing(#/ {2,}/#, with: "  ")
  }

  private func keys(_ report: some Encodable) throws -> String {
    let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(report)) as? [String: Any]
    return try #require(object).keys.sorted().joined(separator: " ")
  }

  private func expect(_ name: String, _ report: Report, _ record: some Encodable) throws {
    let text = masked(report.text) + "\n\n" + (try keys(record)) + "\n"
    #expect(try snapshot("ReportsTests/Snapshots/\(name).txt", of: text) == text)
  }

  @Test(arguments: ["regression", "gaussian", "kmeans", "joint", "network"])
  func `what train prints is what is kept`(name: String) throws {
    let shards = try TestShards(Simulation.of(.linear, groups: 2, covariates: 2, rows: 800))
    let result = try shards.result(
      configuration(groups: 2) {
        $0.distribution = DistributionKind(rawValue: name) ?? .regression
        $0.representation = name == "network" ? .network : $0.distribution.usualRepresentation
        ($0.starts, $0.alternation.rounds, $0.alternation.steps) = (3, 2, 5)
        ($0.outcomeBasis, $0.covariateBasis) = (.quadratic, .polynomial3)
        ($0.controlFunction, $0.concomitants, $0.freeShifts) = (.quadratic, true, true)
      })
    let digest = String(repeating: "0123456789abcdef", count: 4)
    let report = TrainingReport(
      result, ranks: 1, version: "1", kernel: "k", modelDigest: digest, posteriorDigest: digest)
    try expect(name, report.report, report)
  }

  @Test func `what a choice of groups prints is what is kept`() throws {
    let shards = try TestShards(Simulation.of(.linear, groups: 2, covariates: 2, rows: 800))
    let result = try MetaEM(configuration(groups: 2) { $0.starts = 3 }).train(
      shards.collection(), groupsUpTo: 3, on: SoloCommunicator())
    let report = TrainingReport(result, ranks: 2, version: "1", kernel: "k", modelDigest: "m", posteriorDigest: "p")
    try expect("groups", report.report, report)
  }

  @Test func `what sweep prints is what is kept`() throws {
    let problem = try SweepProblem(groups: 2, covariates: 2, rows: 600)
    let swept = grid([1, 2, 3]) {
      $0.distributions = [.regression, .kmeans]
      $0.folds = 2
      $0.base.starts = 3
    }
    let report = SweepReport(
      swept, try problem.sweep(swept), rows: 600, ranks: 1, ranksPerFit: 1, version: "1", seconds: 1)
    try expect("sweep", report.report, report)
  }

  @Test func `what predict prints is what is kept`() throws {
    let shards = try TestShards(Simulation.of(.linear, groups: 2, covariates: 2, rows: 800))
    let model = try shards.result(configuration(groups: 2) { $0.starts = 3 }).model
    let prediction = try model.predict(
      shards.collection(), labelRule: .argmax, seed: 1, on: SoloCommunicator())
    let report = PredictionReport(prediction, ranks: 1, posteriorDigest: "p", out: "new.h5")
    try expect("prediction", report.report, report)
  }
}
