import Communication
import Frames
import Reports

/// What one rank would hold of the rows.
struct RankShare: Codable {
  let rank: Int
  let rows: Int
  /// Bytes of the columns that the rank holds in memory.
  let dataBytes: Int
  /// Bytes of the weights of its rows while networks are trained; nil where none are.
  var weightBytes: Int?

  /// Those of all ranks.
  ///
  /// - Parameter columns: numbers that are held of each row.
  static func all(
    _ partition: Partition, columns: Int, _ storage: FrameStorage,
    weightBytes: (_ rows: Int, _ chunks: Int) -> Int? = { _, _ in nil }
  ) -> [RankShare] {
    partition.chunks.enumerated().map { rank, chunks in
      let count = partition.grid.rows(ofChunks: chunks).count
      return RankShare(
        rank: rank, rows: count,
        dataBytes: storage.residentBytes(chunkCount: chunks.count, columnCount: columns, of: partition.grid),
        weightBytes: weightBytes(count, chunks.count))
    }
  }

  static func table(_ shares: [RankShare]) -> TextTable {
    var table = TextTable(["rank", "rows", "MiB"])
    for share in shares {
      let bytes = share.dataBytes + (share.weightBytes ?? 0)
      table.rows.append(["\(share.rank)", "\(share.rows)", format(Double(bytes) / 1_048_576, decimals: 1)])
    }
    return table
  }
}
