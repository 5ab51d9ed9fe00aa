import Communication
import Frames
import MetaEM
import Mixture
import Reports
import Shards
import Storage

/// What a training run or a sweep would read, hold and send, without fitting.
struct DryRun: Encodable {
  let rows: Int
  let covariates: Int
  let shards: Int
  /// Rows of a chunk.
  let chunkRows: Int
  /// Fits of a sweep; nil for a training.
  let fits: Int?
  /// Ranks that work on a fit, and hold all rows together.
  let ranksPerFit: Int
  let ranks: [RankShare]
  /// Bytes of rows that a fit goes through in a pass, on all its ranks: from memory, or from files with --stream.
  let bytesPerPass: Int
  /// Bytes of the sums of one fit, which each rank sends once per pass up the reduction's tree.
  let bytesPerReduction: Int
  /// Of one fit with linear rules, r = x, on random rows.
  let pass: PassMeasurement

  /// Collective.
  ///
  /// - Parameter team: the ranks that work on a fit.
  init(
    _ collection: ShardCollection, _ configuration: Configuration, _ storage: FrameStorage, fits: Int? = nil,
    team: any Communicator, on communicator: any Communicator
  ) throws {
    let partition = DistributedRows(rowCount: collection.rowCount, communicator: team).partition
    rows = collection.rowCount
    chunkRows = partition.grid.chunkLength
    covariates = collection.covariateCount
    shards = collection.shards.count
    self.fits = fits
    ranksPerFit = team.size
    let (hasWeights, hasOutcomes) = (configuration.weights != nil, configuration.distribution == .joint)
    let columns = collection.covariateCount + 1 + (hasWeights ? 1 : 0) + (hasOutcomes ? 1 : 0)
    ranks = try RankShare.all(
      partition, columns: columns, storage,
      keptBytes: { configuration.keptBytes(rows: $0, covariates: collection.covariateCount, storage) },
      weightBytes: { configuration.weightBytes(rowCount: $0, chunkCount: $1, of: partition.grid) }, on: team)
    bytesPerPass = collection.rowCount * columns * MemoryLayout<Double>.stride
    bytesPerReduction =
      SufficientStatistics(groupCount: configuration.groups, columnCount: collection.covariateCount + 2).summands.count
      * MemoryLayout<Double>.stride
    pass = try .expectationMaximization(
      columns: collection.covariateCount + 1, groups: configuration.groups, rowCount: ranks.map(\.rows).max()!,
      on: communicator)
  }

  func print(json: Bool) throws {
    if json { return Swift.print(try jsonText(self)) }
    let team = ranksPerFit == 1 ? "one rank that holds" : "\(ranksPerFit) ranks that together hold"
    let sweep = fits.map { "; \($0) fits, each on \(team) all rows" }
    let lines = [
      "\(rows) rows of \(covariates) covariates in \(shards) shards; \(bytesPerReduction) bytes per fit and pass on r = x"
        + (sweep ?? ""),
      "\(mebibytes(bytesPerPass)) MiB of rows in a pass; \(pass.milliseconds) ms per fit and pass on r = x, \(pass.words)",
    ]
    Swift.print((lines + RankShare.table(ranks).lines).joined(separator: "\n"))
  }
}

extension Configuration {
  /// Bytes of the functions of covariates that are kept in memory: none with r = x, else some eight of each covariate, of all
  /// rows or of those on which starts are tried, as far as the limit goes. A joint model has its own too, some 180 of a
  /// row, and what groups give to the instrumental regression beside it; and before, in any storage, 9 MiB of counts for each
  /// column whose quantiles become knots.
  fileprivate func keptBytes(rows: Int, covariates: Int, _ storage: FrameStorage) -> Int {
    func kept(_ functions: Int) -> Int {
      storage == .memory ? min(Design.cacheLimit, rows * functions * MemoryLayout<Double>.stride) : 0
    }
    let joint = distribution == .joint ? max(kept(180), 2 * kept(groups), (covariates + 1) * 9 << 20) : 0
    return joint + (representation == .identity ? 0 : kept(8 * covariates))
  }
}
