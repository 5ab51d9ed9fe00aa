import Communication
import Effects
import Frames
import Reports
import Shards
import Storage

/// What an effect would read, hold and do, without doing it.
struct EffectDryRun: Encodable {
  struct Rank: Codable {
    let rank: Int
    let rows: Int
    /// Bytes of the columns that the rank holds in memory.
    let dataBytes: Int
  }

  let rows: Int
  let covariates: Int
  let shards: Int
  /// Numbers that are read of each row.
  let columns: Int
  /// Rows of a chunk.
  let chunkRows: Int
  let ranks: [Rank]
  /// Times that the fit and its outputs go through the rows once they are loaded.
  let passes: Int
  let estimator: String
  let covariance: String
  let clusters: [String]

  init(
    _ source: EffectSource, _ options: EffectOptions, predicts: Bool, knowsTruth: Bool, _ storage: FrameStorage,
    _ communicator: any Communicator
  ) throws {
    let collection = source.collection
    let partition = DistributedRows(rowCount: collection.rowCount, communicator: communicator).partition
    rows = collection.rowCount
    chunkRows = partition.grid.chunkLength
    covariates = collection.covariateCount
    shards = collection.shards.count
    let columns = try collection.covariateCount + source.roles().subtracting([.covariate]).count
    self.columns = columns
    ranks = partition.chunks.enumerated().map { rank, chunks in
      Rank(
        rank: rank, rows: partition.grid.rows(ofChunks: chunks).count,
        dataBytes: storage.residentBytes(chunkCount: chunks.count, columnCount: columns, of: partition.grid))
    }
    passes = options.passes(findsSurface: predicts || knowsTruth) + (predicts ? 1 : 0) + (knowsTruth ? 1 : 0)
    estimator = options.method.rawValue
    covariance = options.covariance.rawValue
    clusters = options.clusters
  }

  func print(json: Bool) throws {
    if json { return Swift.print(try jsonText(self)) }
    var table = TextTable(["rank", "rows", "MiB"])
    for rank in ranks {
      table.rows.append(["\(rank.rank)", "\(rank.rows)", format(Double(rank.dataBytes) / 1_048_576, decimals: 1)])
    }
    let clustered = clusters.isEmpty ? "" : " by \(clusters.joined(separator: " and "))"
    let lines = [
      "\(rows) rows of \(covariates) covariates in \(shards) shards; \(columns) columns, \(passes) passes over the rows",
      "estimator \(estimator), errors \(covariance)\(clustered)",
    ]
    Swift.print((lines + table.lines).joined(separator: "\n"))
  }
}
