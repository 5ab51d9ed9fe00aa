import Communication
import Diagnostics
import Frames
import Panels
import Reports
import Runs
import SyntheticInterventions

/// What an analysis of a panel would read, hold and send, without fitting.
struct SiDryRun: Encodable {
  struct Rank: Encodable {
    let rank: Int
    let rows: Int
    /// Bytes of outcomes that the rank holds in memory.
    let dataBytes: Int
    /// The most memory that it will have held, about: what the program holds without rows, and these.
    let peakBytes: Int
  }

  let units: Int
  let periods: Int
  let metrics: Int
  let layout: Panel.Layout
  let arms: [String]
  /// Periods before and after.
  let before: [String]
  let after: [String]
  let ranks: [Rank]
  /// Bytes of outcomes in a pass, on all ranks: from memory, or from files with --stream.
  let bytesPerPass: Int
  /// Bytes of the sums of one pass, which each rank sends up the reduction's tree.
  let bytesPerReduction: Int

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
    let grid = Panel.grid(rowCount: collection.rowCount)
    let partition = Partition(grid: grid, ranks: communicator.size)
    let held = try communicator.allGather(value: Phases.peakBytes)
    let columns = (layout == .units ? periods : units) * collection.metrics.count
    self.ranks = partition.chunks.enumerated().map { rank, chunks in
      let bytes = storage.residentBytes(chunkCount: chunks.count, columnCount: columns, of: grid)
      return Rank(
        rank: rank, rows: grid.rows(ofChunks: chunks).count, dataBytes: bytes, peakBytes: held[rank] + bytes)
    }
    bytesPerPass = units * periods * collection.metrics.count * MemoryLayout<Double>.stride
    let (p, q) = (before.count * metrics, after.count * metrics)
    let doubles =
      layout == .units ? arms.count * (p * (p + 1) / 2 + q * (q + 1) / 2 + p * q) : units * (units + 1)
    bytesPerReduction = doubles * MemoryLayout<Double>.stride
  }

  var words: String {
    func mebibytes(_ bytes: Int) -> String { format(Double(bytes) / 1_048_576, decimals: 1) }
    var table = TextTable(["rank", layout.rawValue, "MiB of outcomes", "MiB in all"])
    table.rows = ranks.map { ["\($0.rank)", "\($0.rows)", mebibytes($0.dataBytes), mebibytes($0.peakBytes)] }
    let heading =
      "\(units) units over \(periods) periods, \(before.count) before (\(before.first!) to \(before.last!)) and "
      + "\(after.count) after (\(after.first!) to \(after.last!)), under \(arms.count) arms; \(bytesPerReduction) bytes a pass of "
      + "\(mebibytes(bytesPerPass)) MiB"
    return ([heading] + table.lines).joined(separator: "\n")
  }
}
