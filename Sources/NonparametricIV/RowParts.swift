import LinearAlgebra

/// Which rows a method learns from and which judge it: parts drawn by the number of the row, the same on any ranks.
public struct RowParts: Sendable {
  /// The parts of which one judges what was learned from the others.
  package static let judgingCount = 5

  /// The rows of part v are those for which ``callAsFunction(row:)`` gives v < count.
  public let count: Int
  private let random: CounterRandom

  public init(count: Int, seed: UInt64, stream: RandomStream) {
    self.count = count
    random = CounterRandom(seed: seed, stream: stream)
  }

  /// The part of a global row.
  public func callAsFunction(row: Int) -> Int { random.integer(below: count, row: row, draw: 0) }

  /// The weights of a chunk's rows in each part, `weights[part * stride + row]`: 0 in all parts but their own, and in
  /// padding rows; the stride is that of ``Kernel/paddedCount(_:)``.
  func weights(of chunk: StructuralChunk, firstRow: Int) -> AlignedBuffer {
    let stride = Kernel.paddedCount(chunk.rowCount)
    let weights = AlignedBuffer(count: count * stride)
    for row in 0..<chunk.rowCount {
      weights.pointer[self(row: firstRow + row) * stride + row] = chunk.weights?[row] ?? 1
    }
    return weights
  }
}
