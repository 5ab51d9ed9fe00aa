import MetaEM

extension SweepReport {
  /// The sweep for people.
  public var report: Report {
    Report(
      heading + choices.map(section) + [
        Report.Section(nil, findings.isEmpty ? [] : [.findings(findings)])
      ])
  }

  private var heading: [Report.Section] {
    let ranks = "\(ranks) rank\(ranks == 1 ? "" : "s"), \(ranksPerFit) to a fit"
    let fits = "\(cells.count) fits to \(rows) rows on \(ranks), \(format(seconds, decimals: 1)) s"
    let chosen = best.map { best in
      "\(best.groups) group\(best.groups == 1 ? "" : "s") by \(criterion.title), with " + best.kind.title
    }
    return [Report.Section(nil, [.line(fits)]), Report.Section(nil, chosen.map { [.line($0)] } ?? [])]
  }

  /// One line per number of groups; a star marks what a criterion chooses.
  private func section(_ choice: SweepChoice) -> Report.Section {
    let criteria = SweepCriterion.allCases.filter { !choice[$0].values.isEmpty }
    let groups = Set(criteria.flatMap { choice[$0].values.keys }).sorted()
    guard !groups.isEmpty else { return Report.Section(nil, []) }
    let columns = [Report.Table.Column("groups")] + criteria.map { Report.Table.Column($0.title, hasMarks: true) }
    let rows: [[Report.Cell]] = groups.map { count in
      [.count(count)]
        + criteria.map { criterion in
          guard let value = choice[criterion].values[count] else { return .undefined }
          return choice[criterion].groups == count ? .marked(criterion.cell(value)) : criterion.cell(value)
        }
    }
    return Report.Section(
      "\(choice.kind.title):",
      [.table(Report.Table(columns, rows: rows, note: "* what the criterion chooses"))])
  }
}

extension SweepCriterion {
  fileprivate func cell(_ value: Double) -> Report.Cell {
    switch self {
    case .bic, .icl: .decimals(value, 1)
    case .heldOutLogLikelihood, .agreement, .likelihoodRatioTest: .decimals(value, 4)
    case .mmd: .significant(value)
    }
  }
}
