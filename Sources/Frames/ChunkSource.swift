import Communication

/// Where the chunks of a frame come from: files, or a generator that makes every row from its number.
package protocol ChunkSource: Sendable {
  /// Writes the rows of some consecutive chunks into `target`, which is prepared for them.
  ///
  /// It may be called by another thread than the one that made the source, for one stretch of chunks at a time.
  ///
  /// - Throws: ``Failure`` that names what cannot be read, or the value that is no use.
  func fill(_ target: FrameChunks, with chunks: Range<Int>) throws
}

/// A source, and what is done to its columns on the way in.
struct ChunkReader: Sendable {
  let source: any ChunkSource
  let grid: RowGrid
  let columnCount: Int
  /// Applied to what the source gives, in order.
  var steps: [AffineStep] = []

  /// Brings chunks into `target`.
  ///
  /// - Throws: what the source throws.
  func read(_ chunks: Range<Int>, into target: FrameChunks) throws {
    target.prepare(for: chunks, of: grid)
    try source.fill(target, with: chunks)
    target.apply(steps, of: grid)
  }
}
