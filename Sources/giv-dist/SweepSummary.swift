import MetaEM
import Reports

/// The summary of a sweep for people.
struct SweepSummary {
  let report: SweepReport
  let folder: String

  var text: String {
    ([heading] + report.choices.map(table) + [warnings, files]).filter { !$0.isEmpty }
      .map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
  }

  private var heading: [String] {
    let ranks = "\(report.ranks) rank\(report.ranks == 1 ? "" : "s"), \(report.ranksPerFit) to a fit"
    let fits = "\(report.cells.count) fits to \(report.rows) rows on \(ranks), \(format(report.seconds, decimals: 1)) s"
    guard let best = report.best else { return [fits] }
    return [
      fits, "",
      "\(best.groups) group\(best.groups == 1 ? "" : "s") by \(report.criterion.title), with "
        + best.kind.title,
    ]
  }

  /// One line per number of groups; a star marks what a criterion chooses.
  private func table(_ choice: SweepChoice) -> [String] {
    let criteria = SweepCriterion.allCases.filter { !choice[$0].values.isEmpty }
    let groups = Set(criteria.flatMap { choice[$0].values.keys }).sorted()
    guard !groups.isEmpty else { return [] }
    var table = TextTable(["groups"] + criteria.map { $0.title + "  " })
    for count in groups {
      let cells = criteria.map { criterion in
        guard let value = choice[criterion].values[count] else { return "-  " }
        return criterion.text(value) + (choice[criterion].groups == count ? " *" : "  ")
      }
      table.rows.append(["\(count)"] + cells)
    }
    return ["\(choice.kind.title):"] + table.lines + ["  * what the criterion chooses"]
  }

  private var warnings: [String] { report.warnings.map { "note: \($0)" } }

  private var files: [String] { ["wrote \(folder)/sweep.csv, sweep.h5 and sweep.jsonl"] }
}

extension SweepCriterion {
  fileprivate func text(_ value: Double) -> String {
    switch self {
    case .bic, .icl: format(value, decimals: 1)
    case .heldOutLogLikelihood, .agreement, .likelihoodRatioTest: format(value, decimals: 4)
    case .mmd: significant(value)
    }
  }
}
