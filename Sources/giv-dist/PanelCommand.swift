import ArgumentParser
import Communication
import Diagnostics
import Import
import Panels
import Reports
import Storage

/// `giv-dist panel`: tables to a panel.
struct MakePanel: DistributedCommand {
  static let configuration = CommandConfiguration(
    commandName: "panel",
    abstract: "Turn CSV or HDF5 tables into a panel: outcomes of units over periods, and the arm of each unit.",
    discussion: """
      A row of a long table is a unit in a period; with --wide it is a unit, and the columns from FIRST to LAST are the \
      periods. Rows come in any order, in tables larger than memory. A unit has one arm in all its rows: the one that it \
      comes under. Cells that no row has, or that are missing, stay missing and are counted.

      Units are sorted, and so are periods: integers by size, texts by their characters with digits as numbers, so that \
      dates sort as 2020-01-31 and quarters as 2020Q4.

        giv-dist panel packs.csv --out panel --unit state --time year --outcome packs --arm policy
        giv-dist panel sales.csv --out panel --unit shop --time week --outcome sales,visits --arm price --start since
        giv-dist panel wide.csv --out panel --wide --unit state --arm policy --periods 1970:2015
      """)

  @Argument(help: "CSV files with a header, or HDF5 files; all with the same columns.")
  var inputs: [String]
  @Option(help: "The folder of the panel; created when it does not exist.")
  var out: String
  @Option(help: "The column that names the unit.")
  var unit: String
  @Option(help: "The column of the arm that the unit comes under.")
  var arm: String
  @Option(help: "The column of the period, of long tables.")
  var time: String?
  @Option(
    help: "The columns of the outcomes, separated by commas; with --wide a name for the one outcome. (default: y)")
  var outcome: String?
  @Option(help: "The column of the first period of the unit under its arm; empty for never.")
  var start: String?
  @Flag(help: "A row is a unit with all its periods.")
  var wide = false
  @Option(help: "With --wide, the first and the last column of the periods, as FIRST:LAST.")
  var periods: String?
  @Option(
    help: """
      The arm that all units are under at first. (default: that of the units that never start, else the first in sorted \
      order)
      """)
  var firstArm: String?
  @Option(help: "What a row of the files is; auto takes periods where they are more than four times the units.")
  var layout = PanelLayoutChoice.auto
  @Option(help: "Units of a file. (default: as many as make 64 MiB)")
  var unitsPerShard: Int?
  @OptionGroup var format: TextFormatOptions
  @OptionGroup var configuration: ConfigurationOptions
  @Flag(help: "Replace the panel of an earlier run in the folder.")
  var force = false
  @Flag(help: "Print one JSON object instead of a summary.")
  var json = false

  /// The other ranks wait as long as it takes.
  var stallTimeout: Double { 0 }

  func validate() throws {
    try [
      ScopedOption("--time", time, with: "long tables", isRead: !wide),
      ScopedOption("--periods", periods, with: "--wide", isRead: wide),
    ].requireReaders()
    if !wide && time == nil { throw ValidationError("no period is named; name its column with --time, or give --wide") }
    if !wide && outcome == nil { throw ValidationError("no outcome is named; name its column with --outcome") }
    if wide && periods == nil { throw ValidationError("--wide needs the columns of the periods: --periods FIRST:LAST") }
  }

  func run(on communicator: any Communicator) throws {
    try communicator.printFromRoot {
      let summary = try PanelImporter(inputs: inputs, plan: plan()).run(into: out, force: force)
      return json ? try jsonText(summary) : summary.text
    }
  }

  private func plan() throws -> PanelPlan {
    let outcomes = try columnNames(outcome, "--outcome")
    var plan = PanelPlan(unit: unit, arm: arm, shape: .long(time: time ?? "", outcomes: outcomes))
    if let periods, wide {
      let ends = periods.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
      guard ends.count == 2 else {
        throw Failure(.usage, "--periods \(periods): give the first and the last column as FIRST:LAST")
      }
      guard outcomes.count < 2 else {
        throw Failure(.usage, "--wide holds one outcome, and --outcome names \(outcomes.count); give each its table")
      }
      plan.shape = .wide(first: ends[0], last: ends[1], outcome: outcomes.first ?? "y")
    }
    plan.start = start
    plan.firstArm = firstArm
    plan.layout = layout.layout
    plan.unitsPerFile = unitsPerShard
    plan.format = try format.format()
    return plan
  }
}

/// What a row of the files is, or auto.
enum PanelLayoutChoice: String, ExpressibleByArgument, CaseIterable {
  case auto, units, periods

  var layout: Panel.Layout? { Panel.Layout(rawValue: rawValue) }
}

extension PanelImportSummary {
  /// The summary for people.
  fileprivate var text: String {
    var lines = [
      "Rows      \(rowsRead) read",
      "Units     \(units): " + arms.map { "\($0.name) \($0.units)" }.joined(separator: ", "),
      "Periods   \(periods.count): \(periods.first!) to \(periods.last!)",
      "Outcomes  \(metrics.joined(separator: ", "))",
      "Missing   \(missing) of \(cells) cells"
        + (missing == 0 ? "" : ": " + arms.map { "\($0.name) \($0.missing)" }.joined(separator: ", ")),
      "Files     \(files.count) in \(folder), layout \(layout.rawValue)",
    ]
    if let starting { lines.append("Starts    \(starting) of \(units) units come under their arms in these periods") }
    lines.append("All units are under '\(arms[0].name)' at first; --first-arm names another")
    return (lines + findings.map { "note: \($0.words)" }).joined(separator: "\n")
  }
}
