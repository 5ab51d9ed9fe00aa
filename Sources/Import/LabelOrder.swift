import Diagnostics
import Frames
import Shards

/// In which order labels stand that tables give in any order.
enum LabelOrder {
  /// Integers by their size; anything else as it is written, by its characters.
  static func ofUnits(_ labels: [String]) -> Identifiers {
    integers(labels).map { .integers($0.sorted()) } ?? .strings(sortedByCodePoints(labels))
  }

  /// Integers by their size, other numbers too; texts by their characters, in which digits are compared as numbers:
  /// `2020Q4` is before `2021Q1`, and `week 9` before `week 10`.
  ///
  /// - Throws: ``Failure`` `data` when labels are dates that this does not sort.
  static func ofPeriods(_ labels: [String], column: String) throws -> Identifiers {
    if let integers = integers(labels) { return .integers(integers.sorted()) }
    let numbers = labels.compactMap { Double($0) }
    if numbers.count == labels.count {
      return .strings(zip(numbers, labels).sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.1))
    }
    if let date = labels.first(where: { isDate($0) && !$0.prefix(4).allSatisfy(\.isNumber) }) {
      throw Failure(
        .data, "column '\(column)': '\(date)' is a date that does not sort by its characters; write dates as 2020-01-31"
      )
    }
    let pieces = labels.map { (label: $0, pieces: self.pieces($0)) }
    return .strings(pieces.sorted { isBefore($0.pieces, $1.pieces, $0.label, $1.label) }.map(\.label))
  }

  /// The integers that labels are; nil when one is none, or is written with zeros before it, as codes are.
  private static func integers(_ labels: [String]) -> [Int64]? {
    var integers: [Int64] = []
    for label in labels {
      guard let integer = Int64(label), String(integer) == label else { return nil }
      integers.append(integer)
    }
    return integers
  }

  private enum Piece: Equatable {
    case number(Int)
    case text(String)
  }

  private static func pieces(_ label: String) -> [Piece] {
    var pieces: [Piece] = []
    var rest = label[...]
    while let first = rest.first {
      let isDigit = ("0"..."9").contains(first)
      let run = rest.prefix { ("0"..."9").contains($0) == isDigit }
      pieces.append(isDigit ? Int(run).map(Piece.number) ?? .text(String(run)) : .text(String(run)))
      rest = rest.dropFirst(run.count)
    }
    return pieces
  }

  private static func isBefore(_ one: [Piece], _ two: [Piece], _ first: String, _ second: String) -> Bool {
    for (left, right) in zip(one, two) where left != right {
      switch (left, right) {
      case (.number(let left), .number(let right)): return left < right
      case (.text(let left), .text(let right)): return left.utf8.lexicographicallyPrecedes(right.utf8)
      case (.number, .text): return true
      case (.text, .number): return false
      }
    }
    return one.count == two.count ? first.utf8.lexicographicallyPrecedes(second.utf8) : one.count < two.count
  }
}
