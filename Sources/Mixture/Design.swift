import CKernels
import Communication
import Dataset
import LinearAlgebra

/// The columns (1, r_1 … r_p, t) that a mixture is fitted to, chunk by chunk.
///
/// Column 0 is the constant, the last one the treatment. With r = x the columns are the table's own; other features are
/// evaluated once and kept when they are few, and else evaluated again in every pass, so that memory stays near that
/// of the data. Either way the bits are the same.
public final class Design: @unchecked Sendable {
  /// Evaluates features of some rows: feature j of row i goes to `features[j * stride + i]`.
  public typealias FeatureMap = @Sendable (
    _ covariates: [UnsafePointer<Double>], _ rowCount: Int, _ features: UnsafeMutablePointer<Double>, _ stride: Int
  ) -> Void

  /// Features of a rank up to this many bytes are kept.
  static let cacheLimit = 1 << 26

  public let rows: DistributedRows
  public let table: Table
  public let featureNames: [String]
  private let features: FeatureMap?
  private let ones: AlignedBuffer
  private let storage: AlignedBuffer
  private let isCached: Bool

  /// The number of columns, p + 2.
  public var columnCount: Int { featureNames.count + 2 }

  /// - Parameters:
  ///   - featureNames: p names.
  ///   - features: evaluates the p features; nil for r = x.
  public init(table: Table, rows: DistributedRows, featureNames: [String], features: FeatureMap?) {
    self.table = table
    self.rows = rows
    self.featureNames = featureNames
    self.features = features
    ones = AlignedBuffer(count: RowGrid.chunkLength, repeating: 1)
    let chunkCount = rows.localChunks.count
    let perChunk = featureNames.count * RowGrid.chunkLength
    isCached = features != nil && chunkCount * perChunk * MemoryLayout<Double>.stride <= Self.cacheLimit
    storage = AlignedBuffer(count: features == nil ? 0 : perChunk * (isCached ? chunkCount : 1))
    if isCached { for chunk in rows.localChunks { evaluate(chunk, into: slot(of: chunk)) } }
  }

  private func slot(of chunk: Int) -> UnsafeMutablePointer<Double> {
    let position = isCached ? chunk - rows.localChunks.lowerBound : 0
    return storage.pointer + position * featureNames.count * RowGrid.chunkLength
  }

  private func evaluate(_ chunk: Int, into target: UnsafeMutablePointer<Double>) {
    let covariates = (0..<table.covariateCount).map { table.covariate($0, chunk: chunk) }
    features?(covariates, rows.grid.rows(ofChunk: chunk).count, target, RowGrid.chunkLength)
  }

  /// Gives `body` the columns of a chunk of this rank, and the row weights if there are any.
  public func withBlock<Result>(
    ofChunk chunk: Int, _ body: (inout giv_block, UnsafePointer<Double>?) throws -> Result
  ) rethrows -> Result {
    var columns: [UnsafePointer<Double>?] = [UnsafePointer(ones.pointer)]
    if features == nil {
      for j in 0..<table.covariateCount { columns.append(table.covariate(j, chunk: chunk)) }
    } else {
      let target = slot(of: chunk)
      if !isCached { evaluate(chunk, into: target) }
      for j in featureNames.indices { columns.append(UnsafePointer(target + j * RowGrid.chunkLength)) }
    }
    columns.append(table.treatment(chunk: chunk))
    return try columns.withUnsafeBufferPointer { columns in
      var block = giv_block(
        columns: columns.baseAddress, column_count: columns.count,
        row_count: rows.grid.rows(ofChunk: chunk).count)
      return try body(&block, table.weight(chunk: chunk))
    }
  }
}
