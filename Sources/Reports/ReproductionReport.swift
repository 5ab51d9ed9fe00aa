import Diagnostics
import Foundation
import Reproduction
import Storage

/// A reproduction in numbers, as `--json` prints it, and for people.
public struct ReproductionReport: Sendable, Encodable {
  public let version: String
  public let seed: UInt64
  /// Whether the settings are those of the methods' own programs.
  public let paper: Bool
  public let ranks: Int
  public let seconds: Double
  public let summaries: [ReproductionSummary]
  /// Cells that failed, and why.
  public let failures: [String: String]

  public init(
    _ grid: ReproductionGrid, _ results: [ReproductionResult], ranks: Int, version: String, seconds: Double
  ) {
    self.version = version
    seed = grid.seed
    paper = grid.isPaper
    self.ranks = ranks
    self.seconds = seconds
    summaries = ReproductionSummary.all(results)
    failures = Dictionary(
      uniqueKeysWithValues: results.compactMap { result in result.failure.map { (result.cell.name, $0.message) } })
  }

  /// The tables: ours mean (deviation), and the paper's in brackets.
  public var report: Report {
    let experiments = Experiment.allCases.filter { experiment in summaries.contains { $0.experiment == experiment } }
    let failed = failures.sorted { $0.key < $1.key }.map { Report.Block.line("failed: \($0.key): \($0.value)") }
    return Report(experiments.map(section) + [Report.Section(nil, failed)])
  }

  private func section(_ experiment: Experiment) -> Report.Section {
    let own = summaries.filter { $0.experiment == experiment }
    let (rows, columns) = (Self.distinct(own.map(\.row)), Self.distinct(own.map(\.column)))
    let bound: Measure = experiment.measure == .outcome ? .floor : .ceiling
    let hasBound = experiment.measure != .discrepancy
    let cells = rows.map { row -> [Report.Cell] in
      let mine = own.filter { $0.row == row }
      let figures = columns.map { column in
        mine.first { $0.column == column }.map { Self.words($0, experiment.measure) } ?? ""
      }
      let bounds = mine.compactMap { $0.means[bound] }
      let mean = bounds.isEmpty ? nil : bounds.reduce(0, +) / Double(bounds.count)
      return ([row] + figures).map { .text($0) } + (hasBound ? [.text(mean.map(Self.figure) ?? "-")] : [])
    }
    let titles = [""] + columns + (hasBound ? [bound.rawValue] : [])
    let sentences = experiment.isOfOutcomes ? Self.outcomeNotes(own) : []
    return Report.Section(
      experiment.title,
      [
        .line("ours, mean (standard deviation) of \(own.map(\.replications).max() ?? 0) replications [the paper's]"),
        .table(Report.Table(titles.map { Report.Table.Column($0) }, rows: cells)),
      ] + sentences.map { .line($0) })
  }

  /// What readers should know of a table of errors.
  private static func outcomeNotes(_ own: [ReproductionSummary]) -> [String] {
    var notes: [String] = []
    if own.contains(where: { ["UAS", "WAS", "ModeIV", "AutoIV"].contains($0.row) }) {
      notes.append(
        "UAS, WAS, ModeIV and AutoIV are made of covariates that are controls too: nothing is excluded, so these rows can be "
          + "no better than None; sieve2sls shows ordinary regression there")
    }
    if own.contains(where: { $0.means[.outcome] == nil && $0.means[.effect] != nil }) {
      notes.append("cells marked ite are mean (tau^ - tau)^2 / var(y), of methods that give effects alone")
    }
    return notes
  }

  private static func words(_ summary: ReproductionSummary, _ measure: Measure) -> String {
    let shown: Measure? = [measure, .effect].first { summary.means[$0] != nil }
    guard let shown, let mean = summary.means[shown] else { return summary.failed > 0 ? "failed" : "-" }
    let deviation = summary.deviations[shown].map { " (\(figure($0)))" } ?? ""
    let paper = shown == measure ? summary.paper.map { " [\(figure($0.mean))]" } ?? "" : " ite"
    return figure(mean) + deviation + paper
  }

  /// Two or three significant figures.
  private static func figure(_ value: Double) -> String {
    if value != 0 && abs(value) < 1e-3 { return String(format: "%.1e", value) }
    return format(value, decimals: abs(value) < 0.1 ? 4 : 3)
  }

  private static func distinct(_ names: [String]) -> [String] {
    names.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }
}

extension Experiment {
  fileprivate var isOfOutcomes: Bool { measure == .outcome }
}
