import Diagnostics
import Statistics
import SyntheticPotentialOutcomes

extension SyntheticOutcomesReport {
  /// The answers for people: first the average effect, last whether to believe it.
  public var report: Report {
    var sections = [heading, averages]
    for stratum in result.strata {
      sections += [classes(stratum), spectrum(stratum), tests(stratum), strengths(stratum), verdict(stratum)]
    }
    if result.options.strata != nil { sections.append(overall) }
    let notes = result.findings.isEmpty ? [] : [Report.Block.findings(result.findings)]
    return Report(sections + [.init(nil, notes)])
  }

  private var level: String { "\(significant(100 * result.options.level))% interval" }

  private var heading: Report.Section {
    func side(_ names: [String], _ features: ProxyFeatures) -> String {
      "\(names.joined(separator: ", ")) (\(features.count) \(features.isOneHot ? "joint cells" : "functions"))"
    }
    let options = result.options
    return .init(
      nil,
      [
        .line(
          "effect of \(result.treatmentName) on \(result.outcomeName): \(rows) rows, arms "
            + arms.map(words).joined(separator: ", ")),
        .line(
          "proxies of the class: of the treatment's side \(side(options.treatmentProxies, result.treatmentFeatures)), of the "
            + "outcome's \(side(options.outcomeProxies, result.outcomeFeatures))"),
        .line("solver: \(options.solver.rawValue)   errors: jackknife over \(result.blockCount) blocks"),
      ])
  }

  private func words(_ value: Double) -> String { Int(exactly: value).map(String.init) ?? "\(value)" }

  /// A number with its interval.
  private func cell(_ estimate: JackknifeEstimate) -> Report.Cell {
    guard let lower = estimate.lower, let upper = estimate.upper else { return .significant(estimate.estimate) }
    return .text("\(short(estimate.estimate)) [\(short(lower)), \(short(upper))]")
  }

  private func short(_ value: Double) -> String { format(value, decimals: value.magnitude < 10 ? 4 : 2) }

  private func row(_ name: String, _ estimate: JackknifeEstimate) -> [Report.Cell] {
    [
      .text(name), .significant(estimate.estimate), .significant(estimate.standardError),
      .range(estimate.lower, estimate.upper),
    ]
  }

  private var averages: Report.Section {
    var table = Report.Table(["", "estimate", "std. error", level].map { .init($0) })
    for contrast in result.contrasts {
      let pair = "\(words(contrast.treated)) instead of \(words(contrast.control))"
      table.rows.append(row("difference of means, \(pair)", contrast.naive))
      table.rows.append(row("average effect, \(pair)", contrast.effect))
    }
    for (arm, mean) in zip(result.arms, result.armMeans) {
      table.rows.append(row("E[\(result.outcomeName)] under \(words(arm))", mean))
    }
    return .init(nil, [.table(table)])
  }

  // MARK: Of a stratum

  private func title(_ text: String, _ stratum: StratumResult) -> String {
    text + (stratum.name.map { " in stratum \($0) (\(stratum.rowCount) rows)" } ?? "")
  }

  private func classes(_ stratum: StratumResult) -> Report.Section {
    guard let classes = stratum.classes else {
      return .init(title("classes", stratum), [.line("  none: see the notes")])
    }
    let effects = result.contrasts.map { "effect \(words($0.treated)):\(words($0.control))" }
    var table = Report.Table(
      (["class", "share"] + effects + result.arms.map { "\(result.outcomeName) under \(words($0))" }).map { .init($0) })
    for (index, found) in classes.enumerated() {
      table.rows.append([.count(index + 1), cell(found.share)] + (found.effects + found.means).map(cell))
    }
    return .init(title("classes", stratum), [.table(table)])
  }

  private func spectrum(_ stratum: StratumResult) -> Report.Section {
    var table = Report.Table(["rank", "canonical value"].map { .init($0, hasMarks: $0 == "rank") })
    for (index, value) in stratum.canonicalValues.enumerated().prefix(stratum.rank + 4) {
      let rank = Report.Cell.count(index + 1)
      table.rows.append([index + 1 == stratum.rank ? .marked(rank) : rank, .decimals(value, 4)])
    }
    let p = stratum.rankTest.map { "; no larger rank: \($0.pValue.asPValue)" } ?? ""
    table.note = "* classes; noise alone reaches about \(format(stratum.noise, decimals: 4))\(p)"
    return .init(title("what both sides share", stratum), [.table(table)])
  }

  private func tests(_ stratum: StratumResult) -> Report.Section {
    var table = Report.Table(["test", "arm", "chi2", "df", "p", "says"].map { .init($0) })
    func add(_ name: String, _ arm: Double?, _ test: ChiSquareTest?, _ rejected: String, _ lacking: String) {
      let says = test.map { $0.pValue < 0.05 ? rejected : "nothing against it" } ?? "cannot be made: \(lacking)"
      table.rows.append([
        .text(name), arm.map { .text(words($0)) } ?? .text("all"), .significant(test?.statistic),
        test.map { .count($0.degreesOfFreedom) } ?? .undefined, test.map { .probability($0.pValue) } ?? .undefined,
        .text(says),
      ])
    }
    let (more, most) = ("a further proxy or finer categories in", "--treatment-proxies")
    for entry in stratum.treatmentProxiesExcluded {
      add(
        "Z reaches X and y through the class alone", entry.arm, entry.test, "a treatment's proxy moves them itself",
        "give \(more) \(most)")
    }
    for entry in stratum.outcomeProxiesExcluded {
      add(
        "X reaches y through the class alone", entry.arm, entry.test, "an outcome's proxy moves y itself",
        "give \(more) --outcome-proxies")
    }
    add(
      "the treatment leaves X alone", nil, stratum.outcomeProxiesUntouched, "the treatment moves an outcome's proxy",
      "give \(more) --outcome-proxies")
    return .init(title("tests (Z: treatment's proxies, X: outcome's)", stratum), [.table(table)])
  }

  private func strengths(_ stratum: StratumResult) -> Report.Section {
    var table = Report.Table(["arm", "rows", "strength", "std. error", "ratio", "condition"].map { .init($0) })
    for (strength, rows) in zip(stratum.strengths, stratum.armRows) {
      table.rows.append([
        .text(words(strength.arm)), .count(rows), .decimals(strength.value.estimate, 4),
        .decimals(strength.value.standardError, 4), .decimals(strength.ratio, 1), .decimals(strength.condition, 1),
      ])
    }
    table.note = "strength of the proxies: 1 tells the classes, 0 does not; a ratio below 4 is weak"
    return .init(nil, [.table(table)])
  }

  private func verdict(_ stratum: StratumResult) -> Report.Section {
    .init(
      nil,
      [
        .line(
          title("verdict", stratum) + ": average effect \(stratum.verdicts.averageEffect.rawValue), classes "
            + stratum.verdicts.classes.rawValue)
      ])
  }

  private var overall: Report.Section {
    .init(
      nil,
      [
        .line(
          "verdict, the worst of all strata: average effect \(result.verdicts.averageEffect.rawValue), classes "
            + result.verdicts.classes.rawValue)
      ])
  }
}
