import Communication
import Foundation
import Frames
import Panels
import SyntheticInterventions
import TestSupport

/// Cigarettes sold in US states under three arms.
enum Prop99 {
  private static func lines(_ name: String) throws -> [[String]] {
    let file = packageDirectory.appendingPathComponent("Tests/SyntheticInterventionsTests/Fixtures/\(name)")
    return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").dropFirst().map { line in
      // One column has a comma between quotation marks, and it is the last.
      line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
  }

  static func panel(
    on communicator: any Communicator = SoloCommunicator(), layout: Panel.Layout = .units,
    change: (inout PanelDraft) -> Void = { _ in }
  ) throws -> Panel {
    var draft = PanelDraft(arms: ["control", "taxes", "program"], periods: (1970...2015).map(String.init))
    for line in try lines("prop99-packs.csv") {
      if draft.units.last != line[0] { draft.add(line[0], arm: line[3]) }
      draft.values[draft.units.count - 1].append(Double(line[2])!)
    }
    change(&draft)
    return try draft.panel(on: communicator, layout: layout)
  }

  static func windows(_ first: Int, _ last: Int) -> PeriodWindows {
    PeriodWindows(before: 0..<19, after: first - 1970..<last - 1969)
  }

  /// A row of the expected estimates.
  struct Expected {
    let target: String
    let arm: String
    let weighting: SyntheticInterventionsOptions.Weighting
    let rule: RankRule
    let donors: Int
    let rank: Int
    /// Estimate, lower, upper.
    let interval: [Double]
    let weightNorm: Double
    let preRMSE: Double
  }

  static func expected() throws -> [Expected] {
    try lines("prop99-expected.csv").map { line in
      Expected(
        target: line[0], arm: line[1], weighting: .init(rawValue: line[2])!,
        rule: line[3] == "donoho" ? .donoho : .universalThreshold, donors: Int(line[4])!, rank: Int(line[5])!,
        interval: line[6...8].map { Double($0)! }, weightNorm: Double(line[12])!, preRMSE: Double(line[13])!)
    }
  }
}

/// A panel in the making.
struct PanelDraft {
  var arms: [String]
  var periods: [String]
  var metrics = ["y"]
  var units: [String] = []
  var unitArms: [Int] = []
  var starts: [Int?]?
  /// By unit, period by period the metrics.
  var values: [[Double]] = []

  init(arms: [String], periods: [String]) {
    self.arms = arms
    self.periods = periods
  }

  mutating func add(_ unit: String, arm: String) {
    units.append(unit)
    unitArms.append(arms.firstIndex(of: arm)!)
    values.append([])
  }

  /// The units in another order.
  mutating func permute(_ order: [Int]) {
    units = order.map { units[$0] }
    unitArms = order.map { unitArms[$0] }
    values = order.map { values[$0] }
  }

  func panel(
    on communicator: any Communicator = SoloCommunicator(), layout: Panel.Layout = .units, chunkLength: Int = 4,
    storage: FrameStorage = .memory
  ) throws -> Panel {
    let width = metrics.count
    let table =
      layout == .units
      ? values
      : periods.indices.map { period in values.flatMap { $0[period * width..<(period + 1) * width] } }
    let rows = DistributedRows(rowCount: table.count, chunkLength: chunkLength, communicator: communicator)
    let schema = try Schema([Column("y", .outcome, .vector(width: table[0].count), allowsMissing: true)])
    let frame = try Frame(TableRows(table: table), rows: rows, schema: schema, storage: storage)
    return Panel(
      layout: layout, frame: frame, arms: arms, periods: periods, metrics: metrics, units: units, unitArms: unitArms,
      starts: starts)
  }
}

private struct TableRows: ChunkSource {
  let table: [[Double]]

  func fill(_ target: FrameChunks, with chunks: Range<Int>) throws {
    for chunk in chunks {
      for component in table[0].indices {
        let column = target.reals(0, component: component, chunk: chunk)
        for (offset, row) in target.grid.rows(ofChunk: chunk).enumerated() { column[offset] = table[row][component] }
      }
    }
  }
}
