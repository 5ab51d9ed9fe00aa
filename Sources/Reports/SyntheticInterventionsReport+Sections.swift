import Diagnostics
import SyntheticInterventions

extension SyntheticInterventionsReport {
  /// The answers for people: a line for each arm, then targets under arms, then what was asked for besides, and last
  /// whether to believe it.
  public var report: Report {
    let notes = findings.isEmpty ? [] : [Report.Block.findings(findings)]
    return Report(
      [
        heading, armTable, cellTable, contrastTable, placeboSpaceTable, placeboTimeTable, donorTable,
      ] + eventStudy.map(section) + [
        .init(nil, power.map(line)), .init(nil, notes), verdict,
      ])
  }

  /// Rows of a table that are printed; the files have all.
  private static var mostRows: Int { 60 }

  private var options: SyntheticInterventionsOptions { result.options }
  private var level: String { "\(significant(100 * options.level))%" }
  private var hasMetrics: Bool { result.metrics.count > 1 }

  private var heading: Report.Section {
    var lines = [
      "\(units) units over \(periods) periods, \(options.windows.before.count) before (\(before[0]) to \(before[1]))",
      "estimator: \(options.weighting.rawValue)   donors left out: \(leaveOut.rawValue)",
    ]
    if shareMissing > 0 {
      lines.append("missing: \(significant(100 * shareMissing))% of the outcomes, filled where donors lack them")
    }
    return .init(nil, lines.map { .line($0) })
  }

  private var armTable: Report.Section {
    var table = Report.Table(
      [
        "arm", "after", "donors", "k", "noise before", "noise after", "fit F", "p", "tau", "critical", "covers",
        "factor",
        "verdict",
      ].map { .init($0) })
    for arm in arms {
      let subspace = arm.subspace.flatMap { $0.hasPower ? $0 : nil }
      table.rows.append([
        .text(arm.name),
        .text(
          Array(Set(arm.after)).sorted { arm.after.firstIndex(of: $0)! < arm.after.firstIndex(of: $1)! }
            .joined(separator: ":")), .count(arm.donors), .count(arm.rank), .significant(arm.sigmaPre),
        .significant(arm.sigmaDonors), .significant(arm.fitTest?.f),
        arm.fitTest.map { .probability($0.p) } ?? .undefined, .significant(subspace?.tau),
        .significant(subspace?.criticalValue), .text("\(arm.validation.covered) of \(arm.validation.of)"),
        .significant(arm.calibrationFactor), .text(arm.verdict.rawValue),
      ])
    }
    table.note =
      "k: factors kept; fit F: do outcomes after follow the factors before (large: no); tau: dimensions after that they lack; "
      + "covers: donors in their own intervals; factor: what calibrates intervals"
    return .init("arms", [.table(table)])
  }

  private var cellTable: Report.Section {
    var columns =
      ["unit", "arm"] + (hasMetrics ? ["outcome"] : []) + ["estimate", "\(level) interval", "kind", "observed"]
    columns += ["effect", "|w|"]
    var table = Report.Table(columns.map { .init($0, hasMarks: $0 == "arm") })
    for cell in cells.prefix(Self.mostRows) {
      let arm = Report.Cell.text(cell.arm)
      table.rows.append(
        [.text(cell.unit), cell.own ? .marked(arm) : arm] + (hasMetrics ? [.text(cell.metric)] : []) + [
          .significant(cell.estimate), .range(cell.lower, cell.upper),
          cell.interval.map { .text($0.rawValue) } ?? .undefined, .significant(cell.observed),
          .significant(cell.effect), .significant(cell.weightNorm),
        ])
      guard showsAllIntervals else { continue }
      for interval in cell.intervals {
        table.rows.append(
          [.text(""), .text("")] + (hasMetrics ? [.text("")] : []) + [
            .text(""), .range(interval.lower, interval.upper), .text(interval.name), .text(""), .text(""), .text(""),
          ])
      }
    }
    table.note = "* the arm that the unit came under: effect is there the error of leaving it out"
    let rest = result.targets * arms.count * result.metrics.count - min(cells.count, Self.mostRows)
    let reasons = Set(cells.prefix(Self.mostRows).compactMap(\.reason)).sorted().map {
      Report.Block.line("  no or another interval: \($0)")
    }
    return .init(
      "targets", [.table(table)] + reasons + (rest > 0 ? [.line("  … and \(rest) more; --out writes all of them")] : [])
    )
  }

  private var contrastTable: Report.Section {
    guard !contrasts.isEmpty else { return .init(nil, []) }
    var table = Report.Table(["unit", "contrast", "estimate", "std. error", "\(level) interval"].map { .init($0) })
    for contrast in contrasts.prefix(Self.mostRows) {
      table.rows.append([
        .text(contrast.unit), .text("\(contrast.treated) instead of \(contrast.control)" + metric(contrast.metric)),
        .significant(contrast.estimate), .significant(contrast.standardError), .range(contrast.lower, contrast.upper),
      ])
    }
    return .init("contrasts", [.table(table)])
  }

  private func metric(_ name: String) -> String { hasMetrics ? ", \(name)" : "" }

  private var placeboSpaceTable: Report.Section {
    guard !placeboSpace.isEmpty else { return .init(nil, []) }
    var table = Report.Table(["unit", "ratio", "rank", "p", "one-sided p", "effects not rejected"].map { .init($0) })
    for placebo in placeboSpace.prefix(Self.mostRows) {
      table.rows.append([
        .text(placebo.unit + metric(placebo.metric)), .significant(placebo.ratio),
        .text("\(placebo.rank) of \(placebo.of)"), .probability(placebo.p), .probability(placebo.oneSidedP),
        placebo.lower == nil ? .text(placebo.reason ?? "-") : .range(placebo.lower, placebo.upper),
      ])
    }
    table.note =
      "ratio of the root mean squares of gaps after and before; a unit that was picked for its past is too often first"
    return .init("placebos in space", [.table(table)])
  }

  private var placeboTimeTable: Report.Section {
    guard !placeboTime.isEmpty else { return .init(nil, []) }
    var table = Report.Table(["unit", "as if from", "k", "gap", "\(level) interval", "ratio"].map { .init($0) })
    for placebo in placeboTime.prefix(Self.mostRows) {
      table.rows.append([
        .text(placebo.unit + metric(placebo.metric)), .text(placebo.start), .count(placebo.rank),
        .significant(placebo.gap),
        .range(placebo.lower, placebo.upper), .significant(placebo.ratio),
      ])
    }
    return .init("placebos in time", [.table(table)])
  }

  private var donorTable: Report.Section {
    guard !leaveOneDonorOut.isEmpty else { return .init(nil, []) }
    var table = Report.Table(["unit", "arm", "lowest", "without", "highest", "without"].map { .init($0) })
    for range in leaveOneDonorOut.prefix(Self.mostRows) {
      table.rows.append([
        .text(range.unit + metric(range.metric)), .text(range.arm), .significant(range.lowest),
        .text(range.lowestWithout),
        .significant(range.highest), .text(range.highestWithout),
      ])
    }
    return .init("without each donor", [.table(table)])
  }

  private func section(_ study: EventStudy) -> Report.Section {
    var table = Report.Table(["periods since", "effect", "\(level) interval"].map { .init($0) })
    for (time, effect) in study.effects.enumerated() {
      table.rows.append([.count(time), .significant(effect.estimate), .range(effect.lower, effect.upper)])
    }
    table.rows.append([
      .text("all"), .significant(study.overall.estimate), .range(study.overall.lower, study.overall.upper),
    ])
    let cohorts = study.cohorts.map { "\($0.start) (\($0.treated) units, \($0.donors) donors, k \($0.rank))" }
    var blocks: [Report.Block] = [.table(table), .line("  cohorts: \(cohorts.joined(separator: ", "))")]
    if let reason = study.reason { blocks.append(.line("  no intervals: \(reason)")) }
    if !study.leftOut.isEmpty { blocks.append(.line("  left out: \(study.leftOut.joined(separator: ", "))")) }
    return .init("event study" + metric(study.metric), blocks)
  }

  private func line(_ power: PlaceboPower) -> Report.Block {
    func words(_ effect: Double?) -> String { effect.map(significant) ?? "none" }
    return .line(
      "power\(metric(power.metric)): placebos in space show a constant effect in 80% of \(power.units) untreated units from "
        + "\(words(power.positive)) upwards, and from \(words(power.negative)) downwards"
        + (power.reason.map { " (\($0))" } ?? ""))
  }

  private var verdict: Report.Section {
    .init(nil, [.line("verdict: " + arms.map { "\($0.name) \($0.verdict.rawValue)" }.joined(separator: ", "))])
  }
}
