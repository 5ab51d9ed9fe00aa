import LinearAlgebra

/// Which rows a method learns from and which judge it: parts drawn by the number of the row, the same on any ranks.
public struct RowParts: Sendable {
  /// The rows of part v are those for which ``callAsFunction(row:)`` gives v < count.
  public let count: Int
  private let random: CounterRandom

  public init(count: Int, seed: UInt64, stream: RandomStream) {
    self.count = count
    random = CounterRandom(seed: seed, stream: stream)
  }

  /// The part of a global row.
  public func callAsFunction(row: Int) -> Int { random.integer(below: count, row: row, draw: 0) }
}
