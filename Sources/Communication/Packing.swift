/// Where the named parts of a value that adds lie in its one buffer of summands.
///
/// A type lays its parts out once and keeps a place for each, so that no offset is counted by hand:
/// ```swift
/// struct Moments: Reducible {
///   private let weight: Int
///   private let sums: PackedTable
///   var summands: [Double]
///
///   init(groups: Int, columns: Int) {
///     var packing = Packing()
///     weight = packing.number()
///     sums = packing.table(groups, columns)
///     summands = packing.zeros
///   }
///   func mean(_ group: Int) -> [Double] { summands[sums.row(group)].map { $0 / summands[weight] } }
/// }
/// ```
public struct Packing: Sendable {
  /// The number of summands so far.
  public private(set) var count = 0

  public init() {}

  /// The place of a single number.
  public mutating func number() -> Int { take(1).lowerBound }

  /// The places of numbers in a row.
  public mutating func vector(_ count: Int) -> PackedVector { PackedVector(places: take(count)) }

  /// The places of `rowCount` vectors of one length, one after another.
  public mutating func table(_ rowCount: Int, _ columnCount: Int) -> PackedTable {
    PackedTable(start: take(rowCount * columnCount).lowerBound, columnCount: columnCount)
  }

  /// A buffer for all parts.
  public var zeros: [Double] { Array(repeating: 0, count: count) }

  private mutating func take(_ length: Int) -> Range<Int> {
    defer { count += length }
    return count..<count + length
  }
}

/// The places of a vector among summands.
public struct PackedVector: Sendable, Equatable {
  public let places: Range<Int>

  /// The place of a number.
  public subscript(index: Int) -> Int { places.lowerBound + index }
}

/// The places of a table's rows among summands.
public struct PackedTable: Sendable, Equatable {
  /// The place of the first number of the first row.
  public let start: Int
  public let columnCount: Int

  /// The place of a number.
  public subscript(row: Int, column: Int) -> Int { start + row * columnCount + column }

  /// The places of a row.
  public func row(_ row: Int) -> Range<Int> { self[row, 0]..<self[row + 1, 0] }
}
