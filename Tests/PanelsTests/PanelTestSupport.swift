import Communication
import Foundation
import Frames
import Panels
import Shards
import Storage
import TestSupport
import Testing

/// Outcomes of 23 units over 9 periods in 2 metrics, made of a counter, so that every value tells its place; one in
/// seven is missing.
struct ExamplePanel {
  var unitCount = 23
  var periods: [Int64] = Array(1990..<1999)
  var metrics = ["packs", "price"]
  var arms = ["control", "program", "tax"]

  var units: [String] { (0..<unitCount).map { "unit \($0)" } }
  var unitArms: [Int] { (0..<unitCount).map { $0 % 3 } }
  var starts: [Int?] { (0..<unitCount).map { $0 % 3 == 0 ? nil : 4 + $0 % 2 } }

  func value(_ unit: Int, _ period: Int, _ metric: Int) -> Double {
    (unit + period + metric) % 7 == 3 ? .nan : Double(unit * 1000 + period * 10 + metric)
  }

  func header(_ layout: Panel.Layout, rows: Range<Int>) -> PanelHeader {
    let ofUnits = layout == .units ? rows : 0..<unitCount
    return PanelHeader(
      layout: layout, arms: arms, periods: .integers(layout == .units ? periods : Array(periods[rows])),
      metrics: metrics, units: .strings(Array(units[ofUnits])), unitArms: Array(unitArms[ofUnits]),
      starts: Array(starts[ofUnits]))
  }

  /// A row, units or periods with the other within.
  func row(_ layout: Panel.Layout, _ row: Int) -> [Double] {
    (0..<(layout == .units ? periods.count : unitCount)).flatMap { other in
      metrics.indices.map { metric in
        layout == .units ? value(row, other, metric) : value(other, row, metric)
      }
    }
  }

  @discardableResult
  func write(_ layout: Panel.Layout, rows: Range<Int>, to path: String, blockLength: Int = 3) throws -> Manifest.Shard {
    let writer = try PanelWriter(path: path, header: header(layout, rows: rows), force: false)
    for start in stride(from: rows.lowerBound, to: rows.upperBound, by: blockLength) {
      try writer.append((start..<min(start + blockLength, rows.upperBound)).flatMap { row(layout, $0) })
    }
    return try writer.finish()
  }

  /// Writes all rows, cut into files of unequal lengths; returns the paths.
  func write(_ layout: Panel.Layout, files: Int, in folder: ScratchFolder) throws -> [String] {
    let count = layout == .units ? unitCount : periods.count
    let cuts = (0...files).map { count * $0 * $0 / (files * files) }
    return try (0..<files).filter { cuts[$0] < cuts[$0 + 1] }.map { index in
      let path = folder.file("\(layout.rawValue)-\(files)-\(index).h5")
      try write(layout, rows: cuts[index]..<cuts[index + 1], to: path)
      return path
    }
  }
}

/// All outcomes of a panel, gathered over ranks: by unit, period and metric.
struct PanelContent: Equatable, Sendable {
  /// The bits, for missing values equal each other.
  var outcomes: [UInt64]
  var units: [String]
  var unitArms: [Int]
  var periods: [String]
  var starts: [Int?]?
  var digest: String

  init(_ paths: [String], ranks: Int, names: PanelDatasetNames = .init(), storage: FrameStorage = .memory) throws {
    let parts = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let collection = try communicator.agree { try PanelCollection.open(paths, names: names) }
      return try PanelContent(Panel.load(collection, storage: storage, on: communicator))
    }
    self = parts[0]
    #expect(parts.allSatisfy { $0.digest == digest && $0.units == units })
    // Each rank has filled in its own rows.
    for part in parts.dropFirst() { outcomes = zip(outcomes, part.outcomes).map { $0 | $1 } }
  }

  private init(_ panel: Panel) throws {
    let metrics = panel.metrics.count
    outcomes = [UInt64](repeating: 0, count: panel.units.count * panel.periods.count * metrics)
    for chunk in panel.frame.rows.localChunks {
      for (offset, row) in panel.frame.rows.grid.rows(ofChunk: chunk).enumerated() {
        for other in 0..<(panel.layout == .units ? panel.periods.count : panel.units.count) {
          for metric in 0..<metrics {
            let value = try panel.frame.reals(0, component: other * metrics + metric, chunk: chunk)[offset]
            let (unit, period) = panel.layout == .units ? (row, other) : (other, row)
            outcomes[(unit * panel.periods.count + period) * metrics + metric] =
              value.isNaN ? UInt64.max : value.bitPattern
          }
        }
      }
    }
    units = panel.units
    unitArms = panel.unitArms
    periods = panel.periods
    starts = panel.starts
    digest = panel.digest
  }
}

/// Runs a Python script with h5py and numpy, and returns what it printed.
func pythonOutput(_ script: String, _ arguments: String...) throws -> String {
  let result = try python(["-c", script] + arguments)
  #expect(result.exitCode == 0, "\(result.error)")
  return result.output
}
