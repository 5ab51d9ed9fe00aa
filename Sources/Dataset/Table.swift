import Communication
import Diagnostics

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// This rank's rows, column by column within each chunk of the ``RowGrid``.
///
/// One buffer holds [local chunk][column][``RowGrid/chunkLength`` rows] of Float64, so every column of a chunk is
/// contiguous and 64-byte aligned; the unused rows of the last chunk are 0. The columns are x, t, then y and the weight
/// when they were loaded. An algorithm asks for the columns of one chunk and needs nothing else, so that chunks could
/// as well be read anew in every pass.
///
/// A table does not change once it is loaded, except by ``standardize(center:scale:)``, which must not run beside
/// readers.
public final class Table: @unchecked Sendable {
  /// The rows of all ranks.
  public let rows: DistributedRows
  public let covariateNames: [String]
  public let treatmentName: String
  public let outcomeName: String
  /// The variables that the table holds.
  public let variables: Set<Variable>
  /// The true sources of this rank's rows, in order; nil when they were not loaded.
  public internal(set) var sources: [Int64]?
  /// The SHA-256 of the content of all ranks, as it was loaded; see ``computeDigest()``.
  public internal(set) var digest = ""

  let columnCount: Int
  private let storage: UnsafeMutableRawBufferPointer

  /// A table whose local rows are yet to be filled in.
  init(
    rows: DistributedRows, covariateNames: [String], treatmentName: String, outcomeName: String,
    variables: Set<Variable>
  ) throws {
    self.rows = rows
    self.covariateNames = covariateNames
    self.treatmentName = treatmentName
    self.outcomeName = outcomeName
    self.variables = variables
    self.columnCount =
      covariateNames.count + 1 + (variables.contains(.outcome) ? 1 : 0) + (variables.contains(.weight) ? 1 : 0)
    let tileBytes = columnCount * RowGrid.chunkLength * MemoryLayout<Double>.stride
    self.storage = .allocate(byteCount: max(64, rows.localChunks.count * tileBytes), alignment: 64)
    if rows.localRows.count < rows.localChunks.count * RowGrid.chunkLength {
      memset(storage.baseAddress! + (rows.localChunks.count - 1) * tileBytes, 0, tileBytes)
    }
  }

  deinit { storage.deallocate() }

  public var covariateCount: Int { covariateNames.count }

  /// The rows of a chunk that are in use.
  public func rowCount(ofChunk chunk: Int) -> Int { rows.grid.rows(ofChunk: chunk).count }

  /// Column j of x in a chunk of this rank.
  public func pointer(covariate: Int, chunk: Int) -> UnsafePointer<Double> {
    UnsafePointer(column(covariate, chunk: chunk))
  }

  /// The treatment in a chunk of this rank.
  public func treatment(chunk: Int) -> UnsafePointer<Double> {
    UnsafePointer(column(covariateCount, chunk: chunk))
  }

  /// The outcome in a chunk of this rank; nil when it was not loaded.
  public func outcome(chunk: Int) -> UnsafePointer<Double>? {
    variables.contains(.outcome) ? UnsafePointer(column(covariateCount + 1, chunk: chunk)) : nil
  }

  /// The row weights in a chunk of this rank; nil, meaning 1, when they were not loaded.
  public func weight(chunk: Int) -> UnsafePointer<Double>? {
    variables.contains(.weight) ? UnsafePointer(column(columnCount - 1, chunk: chunk)) : nil
  }

  /// The true sources in a chunk of this rank; nil when they were not loaded.
  public func sources(chunk: Int) -> ArraySlice<Int64>? {
    guard let sources else { return nil }
    let range = rows.grid.rows(ofChunk: chunk)
    let start = range.lowerBound - rows.localRows.lowerBound
    return sources[start..<start + range.count]
  }

  /// The place of a variable of doubles among the columns of a chunk; that of the first column for covariates.
  func columnIndex(of variable: Variable) -> Int {
    switch variable {
    case .covariates: 0
    case .treatment: covariateCount
    case .outcome: covariateCount + 1
    case .weight: columnCount - 1
    case .source, .identifier: preconditionFailure("\(variable) is no column of doubles")
    }
  }

  func column(_ index: Int, chunk: Int) -> UnsafeMutablePointer<Double> {
    precondition(rows.localChunks.contains(chunk) && index < columnCount, "no such chunk or column on this rank")
    let tile = (chunk - rows.localChunks.lowerBound) * columnCount + index
    return storage.baseAddress!.assumingMemoryBound(to: Double.self) + tile * RowGrid.chunkLength
  }

  /// Replaces every covariate and the treatment by (value - center) / scale, computed as a product with the reciprocal.
  ///
  /// - Precondition: one center and one positive scale for each covariate, then those of the treatment.
  public func standardize(center: [Double], scale: [Double]) {
    precondition(center.count == covariateCount + 1 && scale.count == center.count && scale.allSatisfy { $0 > 0 })
    for chunk in rows.localChunks {
      for index in center.indices {
        let values = column(index, chunk: chunk)
        let (shift, factor) = (center[index], 1 / scale[index])
        for row in 0..<rowCount(ofChunk: chunk) { values[row] = (values[row] - shift) * factor }
      }
    }
  }
}
