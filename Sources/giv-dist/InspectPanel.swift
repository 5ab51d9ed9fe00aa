import Diagnostics
import Panels
import Reports
import Storage

extension PanelInspection {
  /// What is wrong, as a command ends with it; nil when all is sound.
  var failure: Failure? {
    exitCode.map { Failure($0, "the panel is not sound: \(problems.first ?? ""); the report shows all that is wrong") }
  }

  /// The inspection for people.
  var text: String {
    var lines: [String] = []
    for file in files {
      let manifest =
        switch file.matchesManifest {
        case true?: " (as its manifest says)"
        case false?: " (its manifest says otherwise)"
        case nil: ""
        }
      lines += [file.path, "  SHA-256: \(file.sha256 ?? "")\(manifest)"]
    }
    if let layout {
      lines += [
        "",
        "\(units) units over \(periods.count) periods, \(periods.first!.label) to \(periods.last!.label); layout "
          + layout.rawValue,
      ]
      lines += armTable.lines + metricTable.lines + periodLines
      if !emptyUnits.isEmpty { lines.append("  units without any outcome: \(Self.list(emptyUnits))") }
      lines.append("  digest of the panel: \(digest ?? "")")
    }
    lines += problems.map { "problem: \($0)" }
    return (lines + (isSound ? ["no problems found"] : [])).joined(separator: "\n")
  }

  private var armTable: TextTable {
    var table = TextTable(["arm", "units", "missing"])
    table.rows = arms.map { [$0.name, "\($0.units)", percent($0.missingShare)] }
    return table
  }

  private var metricTable: TextTable {
    var table = TextTable(["outcome", "minimum", "mean", "maximum", "missing"])
    table.rows = metrics.map { metric in
      [metric.name] + [metric.minimum, metric.mean, metric.maximum].map { $0.map(significant) ?? "-" }
        + ["\(metric.missing)"]
    }
    return table
  }

  /// Periods in which something is missing or begins.
  private var periodLines: [String] {
    let notable = periods.filter { $0.missingShare > 0 || $0.starts > 0 }
    guard !notable.isEmpty else { return [] }
    var table = TextTable(["period", "missing", "starts"])
    table.rows = notable.prefix(Self.mostPeriods).map { [$0.label, percent($0.missingShare), "\($0.starts)"] }
    return table.lines
      + (notable.count > Self.mostPeriods ? ["  … and \(notable.count - Self.mostPeriods) more; JSON has all"] : [])
  }

  /// Periods that are printed.
  private static var mostPeriods: Int { 60 }

  private static func list(_ names: [String]) -> String {
    names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", … (\(names.count))" : "")
  }

  private func percent(_ share: Double) -> String { format(100 * share, decimals: 2) + "%" }
}

/// The JSON of an inspection, with its verdict.
struct PanelInspectionReport: Encodable {
  let inspection: PanelInspection

  private enum CodingKeys: CodingKey { case isSound }

  func encode(to encoder: any Encoder) throws {
    try inspection.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(inspection.isSound, forKey: .isSound)
  }
}
