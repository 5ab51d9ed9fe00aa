import Communication
import Frames
import Reports
import Runs

/// What one rank would hold of the rows.
struct RankShare: Codable {
  let rank: Int
  let rows: Int
  /// Bytes of the columns that the rank holds in memory.
  let dataBytes: Int
  /// Bytes of the weights of its rows while networks are trained; nil where none are.
  var weightBytes: Int?
  /// The most memory that it will have held, about: what the program holds without rows, the columns, the weights, and
  /// what a fit keeps besides, such as functions of covariates.
  let peakBytes: Int

  /// Those of all ranks. Collective.
  ///
  /// - Parameters:
  ///   - columns: numbers that are held of each row.
  ///   - heldBytes: of what the program holds without rows.
  ///   - keptBytes: of what a fit keeps besides the columns, with so many rows.
  static func all(
    _ partition: Partition, columns: Int, _ storage: FrameStorage, heldBytes: Int = Phases.peakBytes,
    keptBytes: (_ rows: Int) -> Int = { _ in 0 },
    weightBytes: (_ rows: Int, _ chunks: Int) -> Int? = { _, _ in nil }, on communicator: any Communicator
  ) throws -> [RankShare] {
    let held = try communicator.allGather(value: heldBytes)
    return partition.chunks.enumerated().map { rank, chunks in
      let count = partition.grid.rows(ofChunks: chunks).count
      let dataBytes = storage.residentBytes(chunkCount: chunks.count, columnCount: columns, of: partition.grid)
      let weightBytes = weightBytes(count, chunks.count)
      return RankShare(
        rank: rank, rows: count, dataBytes: dataBytes, weightBytes: weightBytes,
        peakBytes: held[rank] + dataBytes + (weightBytes ?? 0) + keptBytes(count))
    }
  }

  /// - Parameter rows: what the rows are called.
  static func table(_ shares: [RankShare], of rows: String = "rows") -> TextTable {
    var table = TextTable(["rank", rows, "MiB of \(rows)", "MiB in all"])
    for share in shares {
      let bytes = [share.dataBytes + (share.weightBytes ?? 0), share.peakBytes]
      table.rows.append(["\(share.rank)", "\(share.rows)"] + bytes.map(mebibytes))
    }
    return table
  }
}

/// Bytes as a number of MiB with one decimal.
func mebibytes(_ bytes: Int) -> String { format(Double(bytes) / 1_048_576, decimals: 1) }
