import LinearAlgebra

/// What groups weigh in the rows of this rank at one E step, w γ, times u of a t law, kept from one pass to the next.
package final class PosteriorStore {
  /// The bytes that it may take.
  package static let byteLimit = 1 << 24

  private let storage: AlignedBuffer
  private let starts: [Int]
  private let groupCounts: [Int]
  private let firstChunk: Int
  /// Numbers from one group to the next.
  package let stride: Int

  /// - Parameter groupCounts: of the models of a batch; 0 of those of which nothing is kept.
  /// - Returns: nil where it would be too large, or empty.
  package init?(_ rows: DesignRows, groupCounts: [Int], byteLimit: Int = PosteriorStore.byteLimit) {
    let chunks = rows.distributed.localChunks
    stride = paddedWeightCount(rows.distributed.grid.chunkLength)
    let length = groupCounts.reduce(0, +) * chunks.count * stride
    guard length > 0, length * MemoryLayout<Double>.stride <= byteLimit else { return nil }
    storage = AlignedBuffer(count: length)
    (firstChunk, self.groupCounts) = (chunks.lowerBound, groupCounts)
    starts = groupCounts.reduce(into: [0]) { [stride] in $0.append($0.last! + $1 * chunks.count * stride) }
  }

  /// The place of a chunk's weights, of row and group at `group * stride + row` and 0 behind the last row; nil where none are
  /// kept of a model.
  package func weights(_ model: Int, _ chunk: DesignChunk) -> UnsafeMutablePointer<Double>? {
    guard groupCounts[model] > 0 else { return nil }
    return storage.pointer + starts[model] + (chunk.index - firstChunk) * groupCounts[model] * stride
  }
}
