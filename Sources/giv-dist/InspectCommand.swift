import ArgumentParser
import Communication
import Diagnostics
import Foundation
import Panels
import Reports
import Shards
import Storage

/// `giv-dist inspect`: what shards or a panel hold, whether they are whole, and whether they agree.
struct Inspect: DistributedCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what shards or a panel hold, and check them.",
    discussion: """
      Reads every value: rows, columns with their roles, kinds, ranges and missing values, the levels of categories, \
      institutions and digests. Says whether \
      the shards are those of their manifest and agree with each other; ends with exit code 65 when they do not, when \
      a file is damaged or given twice, or when a value is missing, and with 66 when a file cannot be opened. Of a panel \
      it shows units by arm, periods, ranges and what is missing, which is no problem there.

        giv-dist inspect shards
        giv-dist inspect foreign.h5 --x /features --t /dose --y /response --json
        giv-dist inspect states.h5 --y sales --arm policy --id fips --time year
      """)

  @OptionGroup var dataset: DatasetOptions
  @OptionGroup var panel: PanelDatasetOptions

  @Flag(help: "Print one JSON object instead of tables.")
  var json = false

  /// The other ranks wait as long as it takes.
  var stallTimeout: Double { 0 }

  private struct Outcome: Codable {
    let text: String
    let failure: Failure?
  }

  /// One rank does the work.
  func run(on communicator: any Communicator) throws {
    let outcome = try communicator.broadcast { try inspect() }
    if communicator.isRoot { print(outcome.text) }
    if let failure = outcome.failure { throw failure }
  }

  private func inspect() throws -> Outcome {
    if panel.isGiven || PanelInspection.isPanel(dataset.shards) {
      let inspection = PanelInspection(
        dataset.shards, names: panel.names(outcome: dataset.y, identifier: dataset.id))
      let text = json ? try jsonText(PanelInspectionReport(inspection: inspection)) : inspection.text
      return Outcome(text: text, failure: inspection.failure)
    }
    let inspection = ShardInspection(dataset.shards, names: dataset.names)
    let text =
      json ? try jsonText(InspectionReport(inspection)) : Self.lines(of: inspection).joined(separator: "\n")
    let failure = inspection.exitCode.map {
      Failure($0, "the shards are not sound: \(inspection.firstProblem ?? ""); the report shows them all")
    }
    return Outcome(text: text, failure: failure)
  }

  private static func lines(of inspection: ShardInspection) -> [String] {
    var lines: [String] = []
    for file in inspection.files {
      lines +=
        [file.path] + details(of: file) + (file.columns.isEmpty ? [] : table(of: file).lines)
        + levels(of: file) + file.findings.map { "  note: \($0.words)" } + [""]
    }
    let problems = inspection.files.flatMap(\.problems) + inspection.disagreements
    let files = "\(inspection.files.count) \(inspection.files.count == 1 ? "file" : "files")"
    lines.append("\(files), \(inspection.rows) rows")
    if !inspection.institutions.isEmpty {
      lines.append("institutions: \(inspection.institutions.joined(separator: ", "))")
    }
    lines += problems.map { "problem: \($0)" } + inspection.findings.map { "note: \($0.words)" }
    if inspection.rows == 0 && problems.isEmpty { lines.append("problem: there are no rows") }
    if inspection.isSound {
      lines.append(inspection.findings.isEmpty ? "no problems found" : "no problems, but see the notes above")
    }
    return lines
  }

  private static func details(of file: ShardInspection.File) -> [String] {
    let manifest =
      switch file.matchesManifest {
      case true?: " (as its manifest says)"
      case false?: " (its manifest says otherwise)"
      case nil: ""
      }
    let details = [
      ("rows", "\(file.rows): \(file.variables.joined(separator: ", "))"), ("institution", file.institution),
      ("SHA-256", file.sha256.map { $0 + manifest }), ("imported from SHA-256", file.sourceDigest),
      ("categories", file.categories), ("missing values", file.missingValues),
    ]
    return details.compactMap { name, value in value.map { "  \(name): \($0)" } }
  }

  private static func table(of file: ShardInspection.File) -> TextTable {
    var table = TextTable(["column", "role", "kind", "minimum", "mean", "maximum", "sd", "missing"])
    for column in file.columns {
      let numbers = [column.minimum, column.mean, column.maximum, column.standardDeviation]
      table.rows.append(
        [column.name, column.role.rawValue, column.kind]
          + numbers.map { $0.map { String(format: "%.6g", $0) } ?? "-" } + ["\(column.missing)"])
    }
    return table
  }

  /// Levels that are printed; JSON has all.
  private static let mostLevels = 12

  /// The levels of each category, the first ones of many.
  private static func levels(of file: ShardInspection.File) -> [String] {
    file.columns.compactMap { column in
      column.levels.map { levels in
        "  levels of \(column.name): \(levels.prefix(mostLevels).joined(separator: ", "))"
          + (levels.count > mostLevels ? ", … (\(levels.count) levels)" : "")
      }
    }
  }
}

/// The JSON of an inspection, with its verdict.
private struct InspectionReport: Encodable {
  let files: [ShardInspection.File]
  let rows: Int
  let institutions: [String]
  let disagreements: [String]
  let findings: [Finding]
  let isSound: Bool

  init(_ inspection: ShardInspection) {
    files = inspection.files
    rows = inspection.rows
    institutions = inspection.institutions
    disagreements = inspection.disagreements
    findings = inspection.findings
    isSound = inspection.isSound
  }
}
