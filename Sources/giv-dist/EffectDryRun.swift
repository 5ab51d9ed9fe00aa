import Communication
import Effects
import Frames
import Mixture
import Reports
import Shards
import Storage

/// What an effect would read, hold and do, without doing it.
struct EffectDryRun: Encodable {
  let rows: Int
  let covariates: Int
  let shards: Int
  /// Numbers that are read of each row.
  let columns: Int
  /// Rows of a chunk.
  let chunkRows: Int
  let ranks: [RankShare]
  /// Times that the fit and its outputs go through the rows once they are loaded.
  let passes: Int
  /// Bytes of rows in a pass, on all ranks: from memory, or from files with --stream.
  let bytesPerPass: Int
  /// Of a pass, measured with the cross products of these columns.
  let pass: PassMeasurement
  let estimator: String
  let covariance: String
  let clusters: [String]

  /// What a fit takes besides for its sums and their copies, about, as measured with 100,000 to 600,000 rows.
  private static let workBytes = 12 << 20

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
    // The covariates of the regressions of the treatment in each group are kept of all rows or of none, and so is what groups give.
    let kept = ([collection.covariateCount] + source.cachedNumbers).map { $0 * MemoryLayout<Double>.stride }
    ranks = try RankShare.all(
      partition, columns: columns, storage,
      keptBytes: { rows in
        guard storage == .memory else { return Self.workBytes }
        return kept.map { rows * $0 }.filter { $0 <= Design.cacheLimit }.reduce(Self.workBytes, +)
      }, on: communicator)
    bytesPerPass = collection.rowCount * columns * MemoryLayout<Double>.stride
    pass = try PassMeasurement.crossProducts(of: columns, rowCount: ranks.map(\.rows).max()!, on: communicator)
    passes = options.passes(findsSurface: predicts || knowsTruth) + (predicts ? 1 : 0) + (knowsTruth ? 1 : 0)
    estimator = options.method.rawValue
    covariance = options.covariance.rawValue
    clusters = options.clusters
  }

  func print(json: Bool) throws {
    if json { return Swift.print(try jsonText(self)) }
    let clustered = clusters.isEmpty ? "" : " by \(clusters.joined(separator: " and "))"
    let lines = [
      "\(rows) rows of \(covariates) covariates in \(shards) shards; \(columns) columns, \(passes) passes over the rows, "
        + "each of \(mebibytes(bytesPerPass)) MiB",
      "\(pass.milliseconds) ms a pass of cross products of these columns, \(pass.words)",
      "estimator \(estimator), errors \(covariance)\(clustered)",
    ]
    Swift.print((lines + RankShare.table(ranks).lines).joined(separator: "\n"))
  }
}
