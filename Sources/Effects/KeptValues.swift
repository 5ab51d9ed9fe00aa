import Frames
import LinearAlgebra
import Mixture

/// Some numbers of each row of this rank, which passes ask for again and again: found once, and kept where the rows are in
/// memory and what is kept stays within ``Design/cacheLimit``. Either way the bits are the same.
final class KeptValues: @unchecked Sendable {
  private let width: Int
  private let firstChunk: Int
  private let columnStride: Int
  private let keepsAny: Bool
  /// Allocated when something is asked for.
  private var storage: AlignedBuffer?
  /// Which chunks have their numbers already.
  private var isKept: [Bool]

  /// - Parameter width: the numbers of a row.
  init(width: Int, of table: Frame) {
    let chunks = table.rows.localChunks
    self.width = width
    (firstChunk, columnStride) = (chunks.lowerBound, table.rows.grid.columnStride)
    isKept = Array(repeating: false, count: chunks.count)
    keepsAny =
      !table.isStreamed && chunks.count * width * columnStride * MemoryLayout<Double>.stride <= Design.cacheLimit
  }

  /// Writes number j of row i of a chunk to `values[j * stride + i]`.
  ///
  /// - Parameter find: writes them likewise, the first time or every time.
  func fill(
    _ chunk: Int, rowCount: Int, into values: UnsafeMutablePointer<Double>, stride: Int,
    _ find: (_ values: UnsafeMutablePointer<Double>, _ stride: Int) throws -> Void
  ) rethrows {
    guard keepsAny else { return try find(values, stride) }
    let place = chunk - firstChunk
    let kept = storage ?? AlignedBuffer(count: isKept.count * width * columnStride)
    storage = kept
    let own = kept.pointer + place * width * columnStride
    if !isKept[place] {
      try find(own, columnStride)
      isKept[place] = true
    }
    for j in 0..<width { (values + j * stride).update(from: own + j * columnStride, count: rowCount) }
  }
}
