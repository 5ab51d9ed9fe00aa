import Communication
import Frames
import MetaEM
import Mixture
import Reports
import Shards
import Storage

/// What a training run would read, hold and send, without fitting.
struct DryRun: Encodable {
  struct Rank: Codable {
    let rank: Int
    let rows: Int
    /// Bytes of the columns that the rank holds in memory.
    let dataBytes: Int
    /// Bytes of the weights of its rows while networks are trained.
    let weightBytes: Int
  }

  let rows: Int
  let covariates: Int
  let shards: Int
  /// Rows of a chunk.
  let chunkRows: Int
  let ranks: [Rank]
  /// Bytes of the sums of one fit, which each rank sends once per pass up the reduction's tree.
  let bytesPerReduction: Int

  init(
    _ collection: ShardCollection, _ configuration: Configuration, _ storage: FrameStorage,
    _ communicator: any Communicator
  ) {
    let partition = DistributedRows(rowCount: collection.rowCount, communicator: communicator).partition
    rows = collection.rowCount
    chunkRows = partition.grid.chunkLength
    covariates = collection.covariateCount
    shards = collection.shards.count
    let columns = collection.covariateCount + 1 + (configuration.weights == nil ? 0 : 1)
    ranks = partition.chunks.enumerated().map { rank, chunks in
      let count = partition.grid.rows(ofChunks: chunks).count
      return Rank(
        rank: rank, rows: count,
        dataBytes: storage.residentBytes(chunkCount: chunks.count, columnCount: columns, of: partition.grid),
        weightBytes: configuration.weightBytes(rowCount: count, chunkCount: chunks.count, of: partition.grid))
    }
    bytesPerReduction =
      SufficientStatistics(groupCount: configuration.groups, columnCount: collection.covariateCount + 2).summands.count
      * MemoryLayout<Double>.stride
  }

  func print(json: Bool) throws {
    var table = TextTable(["rank", "rows", "MiB"])
    for rank in ranks {
      table.rows.append([
        "\(rank.rank)", "\(rank.rows)", format(Double(rank.dataBytes + rank.weightBytes) / 1_048_576, decimals: 1),
      ])
    }
    let heading =
      "\(rows) rows of \(covariates) covariates in \(shards) shards; \(bytesPerReduction) bytes per fit and pass on r = x"
    Swift.print(json ? try jsonText(self) : ([heading] + table.lines).joined(separator: "\n"))
  }
}
