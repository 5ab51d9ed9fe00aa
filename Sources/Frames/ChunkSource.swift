import Communication

/// Where the chunks of a frame come from: files, or a generator that makes every row from its number.
///
/// ```swift
/// struct Squares: ChunkSource {
///   func fill(_ target: FrameChunks, with chunks: Range<Int>) throws {
///     for chunk in chunks {
///       let values = target.reals(0, chunk: chunk)
///       for (offset, row) in target.grid.rows(ofChunk: chunk).enumerated() { values[offset] = Double(row * row) }
///     }
///   }
/// }
/// let frame = try Frame(Squares(), rows: rows, schema: Schema([Column("square", .covariate)]))
/// ```
public protocol ChunkSource: Sendable {
  /// Writes the rows of some consecutive chunks into `target`, which is prepared for them: every column of every chunk,
  /// by ``FrameChunks/reals(_:component:chunk:)`` or ``FrameChunks/codes(_:chunk:)``, for the rows that
  /// ``FrameChunks/grid`` gives to the chunk. What lies behind them is 0 and stays so.
  ///
  /// A row must be the same whenever it is asked for, and whichever chunks are asked for with it. It may be called by
  /// another thread than the one that made the source, for one stretch of chunks at a time.
  ///
  /// - Throws: ``Failure`` that names what cannot be read, or the value that is no use.
  func fill(_ target: FrameChunks, with chunks: Range<Int>) throws
}

/// A source, and what is done to its columns on the way in.
struct ChunkReader: Sendable {
  let source: any ChunkSource
  let grid: RowGrid
  let schema: Schema
  /// Whether values that the schema does not allow are refused here, for the source does not know to.
  let checksValues: Bool
  /// Applied to what the source gives, in order.
  var steps: [AffineStep] = []

  /// Brings chunks into `target`.
  ///
  /// - Throws: what the source throws; ``Failure`` `data` that names row and column of a value that is refused.
  func read(_ chunks: Range<Int>, into target: FrameChunks) throws {
    target.prepare(for: chunks)
    try source.fill(target, with: chunks)
    if checksValues { try target.checkValues() }
    target.apply(steps)
  }

  /// An empty buffer for so many chunks.
  func buffer(capacity: Int) -> FrameChunks { FrameChunks(capacity: capacity, schema: schema, grid: grid) }
}
