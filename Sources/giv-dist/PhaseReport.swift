import Reports
import Runs
import Storage

/// The phases of a command as it tells of them.
struct PhaseReport: Encodable {
  /// By phase, with what follows from the counts.
  struct Row: Encodable {
    let phase: String
    let passes: Int
    let fits: Int
    let seconds: Double
    /// Of the seconds of all phases.
    let share: Double
    /// Of each fit that a pass served; null where there are none.
    @NullEncoded var nsPerRowAndFit: Double?
    /// The share of the ranks' time that they spent in messages, for the most part waiting for slower ranks.
    let waitShare: Double
    let peakBytes: Int
  }

  let phases: [Row]
  let wallSeconds: Double
  /// Of the largest rank.
  let peakBytes: Int

  /// - Parameter rowCount: the rows of a pass; nil where phases have no rows in common.
  init(_ table: PhaseTable, rowCount: Int?) {
    let total = table.rows.reduce(0) { $0 + $1.seconds }
    phases = table.rows.map { row in
      Row(
        phase: row.phase, passes: row.passes, fits: row.fits, seconds: row.seconds,
        share: total > 0 ? row.seconds / total : 0,
        nsPerRowAndFit: rowCount.flatMap { rows in
          row.fits > 0 ? row.seconds * 1e9 / (Double(rows) * Double(row.fits)) : nil
        },
        waitShare: row.seconds > 0 ? row.messageSeconds / row.seconds : 0, peakBytes: row.peakBytes)
    }
    wallSeconds = table.wallSeconds
    peakBytes = table.rows.map(\.peakBytes).max() ?? 0
  }

  /// The table for people.
  var text: String {
    let titles = ["phase", "passes", "fits", "seconds", "%", "ns per row and fit", "% waited", "peak MiB"]
    var table = TextTable(titles)
    for row in phases {
      table.rows.append([
        row.phase, row.passes > 0 ? "\(row.passes)" : "-", row.fits > 0 ? "\(row.fits)" : "-",
        format(row.seconds, decimals: 2),
        format(100 * row.share, decimals: 1), row.nsPerRowAndFit.map { format($0, decimals: 1) } ?? "-",
        format(100 * row.waitShare, decimals: 1), "\(row.peakBytes >> 20)",
      ])
    }
    return table.lines.joined(separator: "\n")
  }
}
