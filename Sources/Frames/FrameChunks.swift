import Communication
import Glibc

/// The replacement of a column's values by (value - shift) * factor.
struct AffineStep: Sendable {
  let column: Int
  let shift: Double
  let factor: Double
}

/// Consecutive chunks in memory, column by column within each.
///
/// One buffer holds [chunk][column][``RowGrid/columnStride`` rows] of Float64, so every column of a chunk is contiguous
/// and 64-byte aligned.
package final class FrameChunks: @unchecked Sendable {
  /// The chunks that the buffer holds, or will when it is filled.
  package private(set) var chunks: Range<Int>
  /// The true sources of their rows, in order; nil when they are not read.
  package var sources: [Int64]?
  private let columnCount: Int
  /// Numbers from one column to the next, ``RowGrid/columnStride``.
  let columnStride: Int
  private let storage: UnsafeMutableRawBufferPointer

  static func bytesPerChunk(_ columnCount: Int, of grid: RowGrid) -> Int {
    columnCount * grid.columnStride * MemoryLayout<Double>.stride
  }

  /// - Parameters:
  ///   - capacity: the number of chunks that fit.
  ///   - grid: what the chunks are of.
  init(capacity: Int, columnCount: Int, of grid: RowGrid) {
    self.columnCount = columnCount
    columnStride = grid.columnStride
    chunks = 0..<0
    storage = .allocate(byteCount: max(64, capacity * Self.bytesPerChunk(columnCount, of: grid)), alignment: 64)
  }

  deinit { storage.deallocate() }

  /// Makes room for chunks of a grid; all rows are yet to be filled in, those that the chunks lack are 0.
  func prepare(for chunks: Range<Int>, of grid: RowGrid) {
    precondition(grid.columnStride == columnStride)
    precondition(chunks.count * Self.bytesPerChunk(columnCount, of: grid) <= storage.count)
    self.chunks = chunks
    sources = nil
    // All chunks end short of the stride when they are shorter than the lanes, else only the last of all may.
    for chunk in grid.chunkLength < columnStride ? chunks : chunks.suffix(1) {
      let used = grid.rows(ofChunk: chunk).count
      let unusedBytes = (columnStride - used) * MemoryLayout<Double>.stride
      for index in 0..<columnCount { memset(column(index, chunk: chunk) + used, 0, unusedBytes) }
    }
  }

  /// Forgets what the buffer holds.
  func clear() { chunks = 0..<0 }

  package func column(_ index: Int, chunk: Int) -> UnsafeMutablePointer<Double> {
    precondition(chunks.contains(chunk) && index < columnCount, "no such chunk or column on this rank")
    let tile = (chunk - chunks.lowerBound) * columnCount + index
    return storage.baseAddress!.assumingMemoryBound(to: Double.self) + tile * columnStride
  }

  /// The true sources of a chunk's rows.
  func sources(chunk: Int, of grid: RowGrid) -> ArraySlice<Int64>? {
    guard let sources else { return nil }
    let range = grid.rows(ofChunk: chunk)
    let start = range.lowerBound - grid.rows(ofChunks: chunks).lowerBound
    return sources[start..<start + range.count]
  }

  func apply(_ steps: [AffineStep], of grid: RowGrid) {
    for chunk in chunks {
      let rowCount = grid.rows(ofChunk: chunk).count
      for step in steps {
        let values = column(step.column, chunk: chunk)
        let (shift, factor) = (step.shift, step.factor)
        for row in 0..<rowCount { values[row] = (values[row] - shift) * factor }
      }
    }
  }
}
