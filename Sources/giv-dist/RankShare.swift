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
  /// features of rows as far as they are kept.
  let peakBytes: Int

  /// Those of all ranks. Collective.
  ///
  /// - Parameters:
  ///   - columns: numbers that are held of each row.
  ///   - featureBytes: of the functions of covariates that are kept of so many rows in memory.
  static func all(
    _ partition: Partition, columns: Int, _ storage: FrameStorage, featureBytes: (_ rows: Int) -> Int,
    weightBytes: (_ rows: Int, _ chunks: Int) -> Int? = { _, _ in nil }, on communicator: any Communicator
  ) throws -> [RankShare] {
    let held = try communicator.allGather(value: Phases.peakBytes)
    return partition.chunks.enumerated().map { rank, chunks in
      let count = partition.grid.rows(ofChunks: chunks).count
      let dataBytes = storage.residentBytes(chunkCount: chunks.count, columnCount: columns, of: partition.grid)
      let weightBytes = weightBytes(count, chunks.count)
      let featureBytes = storage == .memory ? featureBytes(count) : 0
      return RankShare(
        rank: rank, rows: count, dataBytes: dataBytes, weightBytes: weightBytes,
        peakBytes: held[rank] + dataBytes + (weightBytes ?? 0) + featureBytes)
    }
  }

  static func table(_ shares: [RankShare]) -> TextTable {
    var table = TextTable(["rank", "rows", "MiB of rows", "MiB in all"])
    for share in shares {
      let bytes = [share.dataBytes + (share.weightBytes ?? 0), share.peakBytes]
      table.rows.append(
        ["\(share.rank)", "\(share.rows)"] + bytes.map { format(Double($0) / 1_048_576, decimals: 1) })
    }
    return table
  }
}
