import Communication
import Effects
import Features
import Foundation
import Frames
import Reports
import Simulation
import TestSupport
import Testing

/// What effect prints, with numbers masked, from instruments that are strong, weak and none.
@Suite struct EffectReportTests {
  private struct Content: Decodable {
    struct Headline: Decodable {
      let interval: String
      let intervals: [[Double?]]
      let because: [String]
    }
    struct Sentence: Decodable {
      let code, text: String
      let value, threshold: Double?
    }
    struct LeftOut: Decodable { let group: String }
    let headline: Headline
    let verdict: [Sentence]
    let leaveOneOut: [LeftOut]
    let sets: [String: [[Double?]]]
  }

  /// - Parameter isFlat: whether the first covariate has one value in the last group.
  private func report(
    confounding: Double, groups: Int = 3, rows: Int = 400, isFlat: Bool = false
  ) throws -> EffectReport {
    var parameters = SimulationParameters()
    (parameters.groups, parameters.covariates, parameters.rows) = (groups, 2, rows)
    (parameters.confounding, parameters.seed) = ([confounding], 3)
    let drawn = try Simulation(parameters).rows(0..<rows)
    let frame = try Frame(
      rows: DistributedRows(rowCount: rows, communicator: SoloCommunicator()),
      covariates: (0..<2).map { j in
        drawn.t.indices.map { isFlat && j == 0 && drawn.z[$0] == groups - 1 ? 0 : drawn.x[$0 * 2 + j] }
      }, treatment: drawn.t,
      outcome: drawn.y, source: drawn.z.map(Int64.init))
    var options = EffectOptions()
    options.form = OutcomeForm("linear")
    let names = (0..<groups).map(String.init)
    let result = try EffectEstimator(
      options,
      groups: LevelInstrument(
        frame, column: frame.columns(of: .source)[0], codes: (0..<groups).map(Int64.init), names: names),
      features: PolynomialBasis(degree: 2, covariateNames: frame.covariateNames, origin: [0, 0]),
      scaling: ColumnScaling(centers: [0, 0, 0], scales: [1, 1, 1])
    ).fit(frame)
    return EffectReport(result, instrument: .column("the true source"), ranks: 1)
  }

  private func content(_ report: EffectReport) throws -> Content {
    try JSONDecoder().decode(Content.self, from: JSONEncoder().encode(report))
  }

  @Test(arguments: [("strong", 0.5, 3), ("weak", 3, 3), ("unidentified", 6, 3), ("two", 0.5, 2), ("four", 0.5, 4)])
  func `what effect prints is what is kept`(name: String, confounding: Double, groups: Int) throws {
    let report = try report(confounding: confounding, groups: groups)
    // Bars of the forest are drawn from numbers, and masked like them.
    let text = report.report.text
      .replacing(/-?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?/, with: "#").replacing(#/ [-o|<>]*[|o][-o|<> ]* /#, with: "  ~  ")
      .replacing(#/ {2,}/#, with: "  ")
    let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(report)) as? [String: Any]
    let all = text + "\n\n" + (try #require(object).keys.sorted().joined(separator: " ")) + "\n"
    #expect(try snapshot("ReportsTests/Snapshots/effect-\(name).txt", of: all) == all)
  }

  @Test func `strong instruments have an interval, weak ones a set, and none have nothing`() throws {
    let strong = try content(report(confounding: 0.5))
    #expect(strong.headline.interval == "wald" && strong.headline.because == ["strong"])
    // A line does not fit the parabola that the rows were made with.
    #expect(
      strong.verdict.map(\.code) == [
        "identified", "strong", "instruments-disagree", "balanced", "confounded", "robust",
      ])
    let weak = try content(report(confounding: 3))
    #expect(weak.headline.interval == "anderson-rubin" && weak.headline.intervals == weak.sets["andersonRubin"])
    #expect(weak.verdict.map(\.code).starts(with: ["identified", "weak"]))
    // What rests on the Wald interval is left unsaid.
    #expect(!weak.verdict.contains { ["robust", "fragile"].contains($0.code) })
    let none = try content(report(confounding: 6))
    #expect(none.headline.interval == "none" && none.headline.intervals.isEmpty)
    #expect(none.verdict.map(\.code) == ["not-identified", "balanced"])
    for content in [strong, weak, none] {
      for sentence in content.verdict where sentence.value != nil { #expect(sentence.threshold != nil) }
    }
  }

  @Test func `a covariate with one value in a group is out of balance, and has no ratio of variances`() throws {
    let report = try report(confounding: 0.5, isFlat: true)
    let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(report)) as? [String: Any]
    let pairs = (object?["balance"] as? [String: Any])?["pairs"] as? [[String: Any]]
    let ratios = try #require(pairs?.last?["varianceRatios"] as? [String: Any])
    #expect(ratios["x0"] is NSNull && ratios["x1"] is Double)
    #expect(try content(report).verdict.contains { $0.code == "unbalanced" })
    #expect(report.warnings.contains { $0.contains("covariates are not alike in all groups") })
  }

  @Test func `the verdict's sentences are those of the report`() throws {
    let report = try report(confounding: 0.5)
    let text = report.report.text
    for sentence in try content(report).verdict { #expect(text.contains("  \(sentence.text).")) }
  }
}
