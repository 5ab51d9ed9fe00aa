import Communication
import LinearAlgebra

/// What one pass over a real column finds besides its moments: its ends, how many values it takes, and a sample.
///
/// It is the same for every number of ranks, and takes bounded memory.
public struct ColumnScan: Sendable {
  /// A value that rows have.
  public struct Value: Sendable, Codable, Equatable {
    public let value: Double
    /// The rows that have it.
    public var count: Int
    /// The first of them.
    public var row: Int

    public init(value: Double, count: Int, row: Int) {
      self.value = value
      self.count = count
      self.row = row
    }
  }

  /// Values of an end that are told apart.
  public static let endCount = 8
  /// The most values that are counted.
  public static let largestDistinctCount = 32
  /// About as many rows are in the sample, or all where there are no more.
  static let sampleSize = 4096

  /// The place of the column in the schema.
  public let column: Int
  /// The least values, ascending, and the greatest, descending.
  public let lowest: [Value]
  public let highest: [Value]
  /// The number of values; nil when there are more than ``largestDistinctCount``.
  public let distinctCount: Int?
  /// Values of some rows spread over all, ascending.
  public let sample: [Double]

  /// The quantile of the sample, which is one of its values.
  public func quantile(_ probability: Double) -> Double { sample[Int(probability * Double(sample.count - 1))] }

  /// The value that most rows of the sample have, the least of several, and their share.
  public var mode: (value: Double, share: Double) {
    var best = (value: sample[0], count: 0)
    var start = 0
    for index in sample.indices where index + 1 == sample.count || sample[index + 1] != sample[index] {
      if index + 1 - start > best.count { best = (sample[index], index + 1 - start) }
      start = index + 1
    }
    return (best.value, Double(best.count) / Double(sample.count))
  }
}

extension Frame {
  /// Scans the real covariates, the treatment and, when the frame has one, the outcome, in one pass. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` when a rank fails.
  /// - Precondition: no value is missing, and there are rows.
  public func scan() throws -> [ColumnScan] {
    let columns = explanatoryColumns + self.columns(of: .outcome)
    var ends = columns.map { _ in ColumnEnds() }
    var samples = columns.map { _ in [Double]() }
    try rows.communicator.agree {
      for chunk in rows.localChunks {
        let sampled = sampledRows(ofChunk: chunk)
        let first = rows.grid.rows(ofChunk: chunk).lowerBound
        for (index, column) in columns.enumerated() {
          let values = UnsafeBufferPointer(start: try reals(column, chunk: chunk), count: rowCount(ofChunk: chunk))
          ends[index].add(values, firstRow: first)
          samples[index] += sampled.map { values[$0] + 0 }
        }
      }
    }
    let others = try rows.communicator.allGather(value: ends)
    let shares = try samples.map { Array(try rows.communicator.allGather(elements: $0).joined()).sorted() }
    return columns.indices.map { index in
      var merged = ColumnEnds()
      for other in others { merged.add(other[index]) }
      return ColumnScan(
        column: columns[index], lowest: merged.lowest, highest: merged.highest, distinctCount: merged.distinctCount,
        sample: shares[index])
    }
  }

  /// The number of rows in which a real column has a value. Collective.
  public func rowCount(of column: Int, equalTo value: Double) throws -> Int {
    Int(
      try rows.sum(0.0) { count, chunk in
        for row in UnsafeBufferPointer(start: try reals(column, chunk: chunk), count: rowCount(ofChunk: chunk))
        where row == value { count += 1 }
      })
  }

  /// The rows of a chunk that are in a sample of all, counted from the chunk's first.
  private func sampledRows(ofChunk chunk: Int) -> [Int] {
    let rowCount = rowCount(ofChunk: chunk)
    guard rows.rowCount > ColumnScan.sampleSize else { return Array(0..<rowCount) }
    let random = CounterRandom(seed: 0, stream: .scan)
    // Of very many chunks some, and one row of each.
    let step = max(1, rows.grid.chunkCount / (2 * ColumnScan.sampleSize))
    guard chunk.isMultiple(of: step) else { return [] }
    let count = max(1, ColumnScan.sampleSize * rowCount / rows.rowCount)
    return (0..<count).map { random.integer(below: rowCount, row: chunk, draw: $0) }
  }
}

/// The ends of a column, and its values as long as they are few.
private struct ColumnEnds: Sendable, Codable {
  private(set) var lowest: [ColumnScan.Value] = []
  private(set) var highest: [ColumnScan.Value] = []
  /// The values, until there are too many.
  private var distinct: Set<Double> = []
  private var isMany = false

  var distinctCount: Int? { isMany ? nil : distinct.count }

  /// Adds the rows of a chunk, after those of chunks before.
  mutating func add(_ values: UnsafeBufferPointer<Double>, firstRow: Int) {
    var low = lowest.count < ColumnScan.endCount ? .infinity : lowest[lowest.count - 1].value
    var high = highest.count < ColumnScan.endCount ? -.infinity : highest[highest.count - 1].value
    for (offset, raw) in values.enumerated() {
      // Adding 0 turns -0 into 0, which is the same value.
      let value = raw + 0
      if value <= low {
        Self.insert(.init(value: value, count: 1, row: firstRow + offset), into: &lowest) { $0 < $1 }
        if lowest.count == ColumnScan.endCount { low = lowest[lowest.count - 1].value }
      }
      if value >= high {
        Self.insert(.init(value: value, count: 1, row: firstRow + offset), into: &highest) { $0 > $1 }
        if highest.count == ColumnScan.endCount { high = highest[highest.count - 1].value }
      }
      if !isMany { count(value) }
    }
  }

  /// Adds what others found in rows of their own.
  mutating func add(_ other: ColumnEnds) {
    for value in other.lowest { Self.insert(value, into: &lowest) { $0 < $1 } }
    for value in other.highest { Self.insert(value, into: &highest) { $0 > $1 } }
    isMany = isMany || other.isMany
    if !isMany { for value in other.distinct { count(value) } }
  }

  private mutating func count(_ value: Double) {
    distinct.insert(value)
    guard distinct.count > ColumnScan.largestDistinctCount else { return }
    isMany = true
    distinct = []
  }

  /// Adds a value to those of an end, which stay in order and of bounded number.
  private static func insert(
    _ value: ColumnScan.Value, into end: inout [ColumnScan.Value], isBefore: (Double, Double) -> Bool
  ) {
    let place = end.firstIndex { !isBefore($0.value, value.value) } ?? end.count
    if place < end.count && end[place].value == value.value {
      end[place].count += value.count
      end[place].row = min(end[place].row, value.row)
    } else {
      end.insert(value, at: place)
      if end.count > ColumnScan.endCount { end.removeLast() }
    }
  }
}
