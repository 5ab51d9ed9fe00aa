import Communication
import Diagnostics
import Frames
import Panels
import Reports
import SyntheticInterventions

/// What an analysis of a panel would read, hold and send, without fitting.
struct SiDryRun: Encodable {
  let units: Int
  let periods: Int
  let metrics: Int
  let layout: Panel.Layout
  let arms: [String]
  /// Periods before and after.
  let before: [String]
  let after: [String]
  let ranks: [RankShare]
  /// Bytes of outcomes in a pass, on all ranks: from memory, or from files with --stream.
  let bytesPerPass: Int
  /// Bytes of the sums of one pass, which each rank sends up the reduction's tree.
  let bytesPerReduction: Int
  /// Of the cross products of a unit's outcomes, or of a period's.
  let pass: PassMeasurement

  /// Collective.
  init(
    _ collection: PanelCollection, _ options: SyntheticInterventionsOptions, _ storage: FrameStorage,
    _ communicator: any Communicator
  ) throws {
    let labels = collection.periods.texts
    units = collection.units.count
    periods = labels.count
    metrics = options.metrics.isEmpty ? collection.metrics.count : options.metrics.count
    layout = collection.layout
    arms = options.arms.isEmpty ? collection.arms : options.arms
    before = Array(labels[options.windows.before])
    after = Array(labels[options.windows.after])
    let partition = Partition(grid: Panel.grid(rowCount: collection.rowCount), ranks: communicator.size)
    let columns = (layout == .units ? periods : units) * collection.metrics.count
    ranks = try RankShare.all(partition, columns: columns, storage, on: communicator)
    bytesPerPass = units * periods * collection.metrics.count * MemoryLayout<Double>.stride
    let (p, q) = (before.count * metrics, after.count * metrics)
    let doubles =
      layout == .units ? arms.count * (p * (p + 1) / 2 + q * (q + 1) / 2 + p * q) : units * (units + 1)
    bytesPerReduction = doubles * MemoryLayout<Double>.stride
    pass = try PassMeasurement.crossProducts(
      of: layout == .units ? p + q : units, rowCount: ranks.map(\.rows).max()!, on: communicator)
  }

  var words: String {
    let heading =
      "\(units) units over \(periods) periods, \(before.count) before (\(before.first!) to \(before.last!)) and "
      + "\(after.count) after (\(after.first!) to \(after.last!)), under \(arms.count) arms; \(bytesPerReduction) bytes a pass of "
      + "\(mebibytes(bytesPerPass)) MiB"
    let time = "\(pass.milliseconds) ms for the cross products of a pass, \(pass.words)"
    return ([heading, time] + RankShare.table(ranks, of: layout.rawValue).lines).joined(separator: "\n")
  }
}
