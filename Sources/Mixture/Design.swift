import Communication
import Frames
import LinearAlgebra

/// The columns (1, r_1 … r_p, t) that a mixture is fitted to, chunk by chunk; or (1, f_1 … f_p) with features of all
/// variables.
///
/// Column 0 is the constant, the last one the treatment. With r = x the columns are the table's own; other features are
/// evaluated once and kept when they are few and the table is in memory, and else evaluated again in every pass, so that
/// memory stays near that of the table. Either way the bits are the same.
public final class Design: @unchecked Sendable {
  /// Evaluates features of some rows: feature j of row i goes to `features[j * stride + i]`.
  public typealias Evaluation =
    @Sendable (
      _ covariates: [UnsafePointer<Double>], _ rowCount: Int, _ features: UnsafeMutablePointer<Double>, _ stride: Int
    ) -> Void

  /// What features are functions of.
  public enum Inputs: Sendable {
    /// The features are functions of x; the treatment closes the columns.
    case covariates
    /// The features are functions of (x, t, y), in this order, and are all columns but the constant.
    case all
  }

  /// Features of a rank up to this many bytes are kept.
  public static let cacheLimit = 1 << 26

  /// The rows of the design: the table's, or some chunks of them.
  public let rows: DesignRows
  public let table: Frame
  public let featureNames: [String]
  private let features: Evaluation?
  private let inputs: Inputs
  private let replacement: RowReplacement
  /// Numbers from one column of a chunk's features to the next.
  private let columnStride: Int
  private let ones: AlignedBuffer
  private let storage: AlignedBuffer
  private let isCached: Bool
  /// Which chunks have their features kept already.
  private var isEvaluated: [Bool]
  /// The statistics of all rows as one group, once they are known.
  package var pooled: SufficientStatistics?

  /// Whether it takes some chunks of its table only.
  var isOfSomeChunks: Bool { rows.isOfSomeChunks }

  /// The number of columns, p + 2, or p + 1 with features of all variables.
  public var columnCount: Int { featureNames.count + (inputs == .covariates ? 2 : 1) }

  /// - Parameters:
  ///   - featureNames: p names.
  ///   - features: evaluates the p features; nil for r = x.
  ///   - inputs: what the features are functions of.
  ///   - subset: takes some chunks of the table only.
  ///   - replacement: columns that stand in for those of the table.
  /// - Precondition: with `inputs` all, the table holds the outcome and `features` is not nil.
  public init(
    table: Frame, featureNames: [String], features: Evaluation?, inputs: Inputs = .covariates,
    subset: ChunkSubset? = nil, replacement: RowReplacement = RowReplacement()
  ) {
    precondition(inputs == .covariates || (features != nil && table.roles.contains(.outcome)))
    self.table = table
    self.inputs = inputs
    self.replacement = replacement
    rows = subset?.rows ?? DesignRows(table.rows)
    columnStride = table.rows.grid.columnStride
    self.featureNames = featureNames
    self.features = features
    ones = AlignedBuffer(count: columnStride)
    ones.pointer.update(repeating: 1, count: ones.count)
    let chunkCount = rows.distributed.localChunks.count
    let perChunk = featureNames.count * columnStride
    isCached =
      features != nil && !table.isStreamed && chunkCount * perChunk * MemoryLayout<Double>.stride <= Self.cacheLimit
    isEvaluated = Array(repeating: false, count: isCached ? chunkCount : 0)
    storage = AlignedBuffer(count: features == nil ? 0 : perChunk * (isCached ? chunkCount : 1))
  }

  /// The features of a chunk, evaluated unless they are kept.
  private func evaluated(_ features: Evaluation, ofChunk chunk: DesignChunk) throws -> UnsafeMutablePointer<Double> {
    let position = isCached ? chunk.index - rows.distributed.localChunks.lowerBound : 0
    let target = storage.pointer + position * featureNames.count * columnStride
    if isCached && isEvaluated[position] { return target }
    features(try variables(ofChunk: chunk), chunk.rows.count, target, columnStride)
    if isCached { isEvaluated[position] = true }
    return target
  }

  private func variables(ofChunk chunk: DesignChunk) throws -> [UnsafePointer<Double>] {
    let covariates = try covariates(ofChunk: chunk)
    guard inputs == .all, let outcome = try table.outcome(chunk: chunk.tableIndex) else { return covariates }
    return covariates + [try treatment(ofChunk: chunk), outcome]
  }

  /// Gives `body` the columns of a chunk of this rank, and the row weights if there are any.
  ///
  /// - Throws: what `body` throws, and ``Failure`` when the table cannot read the chunk.
  public func withBlock<Result>(
    ofChunk chunk: DesignChunk, _ body: (Kernel.Block, UnsafePointer<Double>?) throws -> Result
  ) throws -> Result {
    precondition(rows.chunk(chunk.index) == chunk, "a chunk of other rows")
    var columns: [UnsafePointer<Double>?] = [UnsafePointer(ones.pointer)]
    if let features {
      let target = try evaluated(features, ofChunk: chunk)
      for j in featureNames.indices { columns.append(UnsafePointer(target + j * columnStride)) }
    } else {
      columns += try covariates(ofChunk: chunk).map(Optional.some)
    }
    if inputs == .covariates { columns.append(try treatment(ofChunk: chunk)) }
    return try columns.withUnsafeBufferPointer { columns in
      let block = Kernel.Block(
        columns: columns.baseAddress!, columnCount: columns.count, rowCount: chunk.rows.count)
      return try body(block, try weights(ofChunk: chunk))
    }
  }
}

/// Columns beside those that are fitted. Each throws a ``Failure`` when the table cannot read the chunk.
extension Design {
  /// A pointer to each covariate of a chunk of this rank.
  public func covariates(ofChunk chunk: DesignChunk) throws -> [UnsafePointer<Double>] {
    try (0..<table.covariateCount).map { try table.pointer(covariate: $0, chunk: chunk.tableIndex) }
  }

  /// The treatment in a chunk of this rank, or what stands in for it.
  public func treatment(ofChunk chunk: DesignChunk) throws -> UnsafePointer<Double> {
    try replacement.treatment?[chunk.tableIndex] ?? table.treatment(chunk: chunk.tableIndex)
  }

  /// The row weights in a chunk of this rank, or what stands in for them; nil when all are 1.
  public func weights(ofChunk chunk: DesignChunk) throws -> UnsafePointer<Double>? {
    try replacement.weight?[chunk.tableIndex] ?? table.weight(chunk: chunk.tableIndex)
  }

  /// The codes of a column of the table in a chunk of this rank.
  ///
  /// - Precondition: the column holds codes.
  public func codes(_ column: Int, ofChunk chunk: DesignChunk) throws -> UnsafePointer<Int64> {
    try table.codes(column, chunk: chunk.tableIndex)
  }

  /// How many observations each row of a chunk of this rank stands for; nil for one.
  public func frequencies(ofChunk chunk: DesignChunk) throws -> UnsafePointer<Double>? {
    try table.frequencies(chunk: chunk.tableIndex)
  }

  /// The true sources in a chunk of this rank; nil when they were not loaded.
  public func sources(ofChunk chunk: DesignChunk) throws -> [Int64]? {
    try table.sources(chunk: chunk.tableIndex)
  }

  /// A column beside the table, with numbers for the rows of the design and 0 for others. Collective.
  ///
  /// - Parameter fill: writes the numbers of a chunk of this rank; it must not communicate.
  /// - Throws: on all ranks the same ``Failure`` when `fill` throws.
  public func column(
    _ fill: (_ chunk: DesignChunk, _ values: UnsafeMutablePointer<Double>) throws -> Void
  ) throws -> RowColumn {
    let chunks = Dictionary(uniqueKeysWithValues: rows.localChunks.map { ($0.tableIndex, $0) })
    return try rows.communicator.agree {
      try RowColumn(rows: table.rows) { index, values in
        if let chunk = chunks[index] { try fill(chunk, values) }
      }
    }
  }
}

/// Some chunks of a table, spread over its rows, on which starts are tried when the rows are many.
public struct ChunkSubset: Sendable {
  public let rows: DesignRows
  /// The table's chunks, ascending.
  public let chunks: [Int]

  /// One chunk drawn from each of `count` equal stretches of the rows; nil when the table has no more chunks than that.
  ///
  /// The draw depends on the seed and the grid only, so it is the same on any number of ranks.
  public init?(of all: DistributedRows, count: Int, seed: UInt64) {
    let total = all.grid.chunkCount
    guard total > count else { return nil }
    let random = CounterRandom(seed: seed, stream: .subsample)
    let chosen = (0..<count).map { stretch in
      let first = total * stretch / count
      return first + random.integer(below: total * (stretch + 1) / count - first, row: stretch, draw: 1)
    }
    // Only the last chunk of all may be short, and it can only be the last one chosen.
    let rowCount = (count - 1) * all.grid.chunkLength + all.grid.rows(ofChunk: chosen[count - 1]).count
    let owned = all.partition.chunks.map { range in
      let first = chosen.firstIndex { $0 >= range.lowerBound } ?? count
      return first..<max(first, chosen.firstIndex { $0 >= range.upperBound } ?? count)
    }
    chunks = chosen
    let partition = Partition(grid: RowGrid(rowCount: rowCount, chunkLength: all.grid.chunkLength), chunks: owned)
    rows = DesignRows(
      DistributedRows(partition: partition, communicator: all.communicator), tableGrid: all.grid, tableChunks: chosen)
  }
}
