import Frames
import LinearAlgebra
import Mixture

/// Some numbers of each row of this rank that pass after pass asks for: computed once and cached where the rows are in memory and
/// the numbers take no more than ``Design/cacheLimit``, and else at every call. Either way the bits are the same.
///
/// Nothing is locked: it belongs to one thread.
package final class RowCache: @unchecked Sendable {
  private let width: Int
  private let firstChunk: Int
  private let columnStride: Int
  private let isCaching: Bool
  /// Allocated when something is asked for.
  private var storage: AlignedBuffer?
  /// Which chunks have their numbers.
  private var isFilled: [Bool]

  /// - Parameter width: the numbers of a row.
  package init(width: Int, of table: Frame) {
    let chunks = table.rows.localChunks
    self.width = width
    (firstChunk, columnStride) = (chunks.lowerBound, table.rows.grid.columnStride)
    isFilled = Array(repeating: false, count: chunks.count)
    isCaching =
      !table.isStreamed && chunks.count * width * columnStride * MemoryLayout<Double>.stride <= Design.cacheLimit
  }

  /// Writes number j of row i of a chunk to `values[j * stride + i]`.
  ///
  /// - Parameter compute: writes them likewise; a chunk for which it threw is computed anew when it is asked for again.
  package func fill(
    _ chunk: Int, rowCount: Int, into values: UnsafeMutablePointer<Double>, stride: Int,
    _ compute: (_ values: UnsafeMutablePointer<Double>, _ stride: Int) throws -> Void
  ) rethrows {
    guard isCaching else { return try compute(values, stride) }
    let place = chunk - firstChunk
    let cached = storage ?? AlignedBuffer(count: isFilled.count * width * columnStride)
    storage = cached
    let own = cached.pointer + place * width * columnStride
    if !isFilled[place] {
      try compute(own, columnStride)
      isFilled[place] = true
    }
    for j in 0..<width { (values + j * stride).update(from: own + j * columnStride, count: rowCount) }
  }
}
