import Communication

/// Some of the rows of a problem, numbered anew in their order.
///
/// It takes a quarter of a byte for each row, on every rank.
public struct RowSelection: Sendable, Equatable {
  private static let wordBits = 64

  /// The number of rows that are chosen from.
  public let total: Int
  /// A bit for each of these, 1 where it is chosen.
  private let words: [UInt64]
  /// The rows chosen before each word, and at the end the number of all.
  private let starts: [Int]

  /// The number of rows chosen.
  public var count: Int { starts[words.count] }

  /// - Parameter rows: the chosen ones, of all ranks.
  public init(_ rows: some Sequence<Int>, of total: Int) {
    var words = Self.none(of: total)
    for row in rows { words[row / Self.wordBits] |= 1 << UInt64(row % Self.wordBits) }
    self.init(words, total: total)
  }

  /// The rows that hold, chunk by chunk of this rank. Collective.
  ///
  /// - Parameter isChosen: for each row of a chunk whether it is chosen; it must not communicate.
  /// - Throws: on all ranks the same ``Failure`` when a rank fails.
  public static func of(
    _ rows: DistributedRows, where isChosen: (_ chunk: Int) throws -> [Bool]
  ) throws -> RowSelection {
    var words = none(of: rows.rowCount)
    try rows.communicator.agree {
      for chunk in rows.localChunks {
        for (row, isChosen) in zip(rows.grid.rows(ofChunk: chunk), try isChosen(chunk)) where isChosen {
          words[row / wordBits] |= 1 << UInt64(row % wordBits)
        }
      }
    }
    // A bit is set by one rank only, so the sum is the union.
    let all = try rows.communicator.sum(counts: words.map { Int64(bitPattern: $0) })
    return RowSelection(all.map { UInt64(bitPattern: $0) }, total: rows.rowCount)
  }

  private init(_ words: [UInt64], total: Int) {
    self.total = total
    self.words = words
    starts = words.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.nonzeroBitCount) }
  }

  private static func none(of total: Int) -> [UInt64] {
    Array(repeating: 0, count: (total + wordBits - 1) / wordBits)
  }

  /// The rows that both choose.
  public func intersection(_ other: RowSelection) -> RowSelection { combined(with: other, &) }
  /// The rows that this chooses and the other does not.
  public func subtracting(_ other: RowSelection) -> RowSelection { combined(with: other) { $0 & ~$1 } }

  /// Some of the rows that this chooses.
  ///
  /// - Parameter chosen: by their numbers among these.
  public func selecting(_ chosen: RowSelection) -> RowSelection {
    precondition(chosen.total == count, "a choice among the chosen rows")
    return RowSelection((0..<total).lazy.filter { contains($0) && chosen.contains(rank(of: $0)) }, of: total)
  }

  private func combined(with other: RowSelection, _ combine: (UInt64, UInt64) -> UInt64) -> RowSelection {
    precondition(total == other.total, "choices among the same rows")
    return RowSelection(zip(words, other.words).map(combine), total: total)
  }

  /// Whether a row is chosen.
  public func contains(_ row: Int) -> Bool { words[row / Self.wordBits] >> UInt64(row % Self.wordBits) & 1 == 1 }

  /// The chosen rows before a row.
  public func rank(of row: Int) -> Int {
    let bits = UInt64(row % Self.wordBits)
    guard bits > 0 else { return starts[row / Self.wordBits] }
    return starts[row / Self.wordBits] + (words[row / Self.wordBits] & (1 << bits - 1)).nonzeroBitCount
  }

  /// The row that is chosen as number `index`, counted from 0.
  public func row(_ index: Int) -> Int {
    precondition((0..<count).contains(index), "no such row is chosen")
    // The last word that begins at or before the row.
    var (low, high) = (0, words.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= index { low = middle } else { high = middle }
    }
    var word = words[low]
    for _ in starts[low]..<index { word &= word - 1 }
    return low * Self.wordBits + word.trailingZeroBitCount
  }

  /// A row's number where the chosen ones come first, and the others behind them.
  public func place(of row: Int) -> Int {
    contains(row) ? rank(of: row) : count + row - rank(of: row)
  }
}
