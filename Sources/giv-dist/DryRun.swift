import Communication
import Frames
import MetaEM
import Mixture
import Reports
import Shards
import Storage

/// What a training run would read, hold and send, without fitting.
struct DryRun: Encodable {
  let rows: Int
  let covariates: Int
  let shards: Int
  /// Rows of a chunk.
  let chunkRows: Int
  let ranks: [RankShare]
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
    ranks = RankShare.all(partition, columns: columns, storage) { rows, chunks in
      configuration.weightBytes(rowCount: rows, chunkCount: chunks, of: partition.grid)
    }
    bytesPerReduction =
      SufficientStatistics(groupCount: configuration.groups, columnCount: collection.covariateCount + 2).summands.count
      * MemoryLayout<Double>.stride
  }

  func print(json: Bool) throws {
    let heading =
      "\(rows) rows of \(covariates) covariates in \(shards) shards; \(bytesPerReduction) bytes per fit and pass on r = x"
    Swift.print(json ? try jsonText(self) : ([heading] + RankShare.table(ranks).lines).joined(separator: "\n"))
  }
}
