import Communication
import Diagnostics

/// This rank's rows, column by column within each chunk of the ``RowGrid``.
///
/// Every column of a chunk is contiguous and 64-byte aligned; the unused rows of the last chunk are 0. The columns are x,
/// t, then y and the weight when they were loaded. They lie in memory or are read anew in every pass, see
/// ``FrameStorage``, with the same bits either way. So an algorithm asks for the columns of one chunk at a time, in
/// ascending order where it can, and keeps no pointer: it holds until another chunk is asked for, and by one thread.
/// Every accessor of a chunk throws a ``Failure`` when the chunk cannot be read.
///
/// A table does not change once it is loaded, except by ``standardize(center:scale:)`` and ``normalizeWeights()``, which
/// must not run beside readers.
public final class Frame: @unchecked Sendable {
  /// The rows of all ranks.
  public let rows: DistributedRows
  public let covariateNames: [String]
  public let treatmentName: String
  public let outcomeName: String
  /// The variables that the table holds.
  public let variables: Set<Variable>
  /// The SHA-256 of the content of all ranks, as it was loaded; see ``computeDigest()``.
  public internal(set) var digest = ""

  /// Where chunks come from.
  enum Source {
    case memory(FrameChunks)
    case stream(FrameStream)
  }

  let layout: FrameLayout
  private let source: Source

  init(
    rows: DistributedRows, covariateNames: [String], treatmentName: String, outcomeName: String, layout: FrameLayout,
    source: Source
  ) {
    self.rows = rows
    self.covariateNames = covariateNames
    self.treatmentName = treatmentName
    self.outcomeName = outcomeName
    self.layout = layout
    self.source = source
    variables = layout.variables
  }

  /// Whether chunks are read anew in every pass.
  public var isStreamed: Bool { if case .stream = source { true } else { false } }

  public var covariateCount: Int { covariateNames.count }

  /// The rows of a chunk that are in use.
  public func rowCount(ofChunk chunk: Int) -> Int { rows.grid.rows(ofChunk: chunk).count }

  /// Column j of x in a chunk of this rank.
  public func pointer(covariate: Int, chunk: Int) throws -> UnsafePointer<Double> {
    try UnsafePointer(column(covariate, chunk: chunk))
  }

  /// The treatment in a chunk of this rank.
  public func treatment(chunk: Int) throws -> UnsafePointer<Double> {
    try UnsafePointer(column(covariateCount, chunk: chunk))
  }

  /// The outcome in a chunk of this rank; nil when it was not loaded.
  public func outcome(chunk: Int) throws -> UnsafePointer<Double>? {
    try variables.contains(.outcome) ? UnsafePointer(column(covariateCount + 1, chunk: chunk)) : nil
  }

  /// The row weights in a chunk of this rank; nil, meaning 1, when they were not loaded.
  public func weight(chunk: Int) throws -> UnsafePointer<Double>? {
    try variables.contains(.weight) ? UnsafePointer(column(layout.columnCount - 1, chunk: chunk)) : nil
  }

  /// The true sources in a chunk of this rank; nil when they were not loaded.
  public func sources(chunk: Int) throws -> ArraySlice<Int64>? {
    guard variables.contains(.source) else { return nil }
    return try chunks(with: chunk).sources(chunk: chunk, of: rows.grid)
  }

  func column(_ index: Int, chunk: Int) throws -> UnsafeMutablePointer<Double> {
    try chunks(with: chunk).column(index, chunk: chunk)
  }

  private func chunks(with chunk: Int) throws -> FrameChunks {
    switch source {
    case .memory(let chunks): chunks
    case .stream(let stream): try stream.chunks(with: chunk)
    }
  }

  /// Replaces every covariate and the treatment by (value - center) / scale, computed as a product with the reciprocal.
  ///
  /// - Precondition: one center and one positive scale for each covariate, then those of the treatment.
  public func standardize(center: [Double], scale: [Double]) {
    precondition(center.count == covariateCount + 1 && scale.count == center.count && scale.allSatisfy { $0 > 0 })
    apply(center.indices.map { AffineStep(column: $0, shift: center[$0], factor: 1 / scale[$0]) })
  }

  /// Applies steps to all rows of this rank: at once to those in memory, to others whenever they are read.
  func apply(_ steps: [AffineStep]) {
    switch source {
    case .memory(let chunks): chunks.apply(steps, of: rows.grid)
    case .stream(let stream): stream.append(steps)
    }
  }
}
