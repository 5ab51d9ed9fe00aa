import Diagnostics

/// How many numbers of each column stand with an affix: where some do and others do not, they may mean different things.
struct AffixSurvey {
  private let bare: NumberParser
  /// By the place of the column.
  private var numbers: [Int]
  private var affixed: [Int]

  /// Nil when the format has no affixes, so that there is nothing to count.
  init?(_ format: NumberFormat, columns: Int) {
    guard !format.affixes.isEmpty else { return nil }
    var format = format
    format.affixes = []
    bare = NumberParser(format)
    numbers = Array(repeating: 0, count: columns)
    affixed = numbers
  }

  mutating func note(_ rows: ImportRows) throws {
    for (index, value) in rows.values.enumerated() {
      guard case .number = value else { continue }
      numbers[index] += 1
      if case .number = bare.parse(try rows.text(index)) { continue }
      affixed[index] += 1
    }
  }

  func findings(_ columns: [String]) -> [Finding] {
    columns.indices.filter { affixed[$0] > 0 && affixed[$0] < numbers[$0] }.map {
      .note(
        .affixesOfSome,
        [.column: .name(columns[$0]), .count: .count(affixed[$0]), .total: .count(numbers[$0])])
    }
  }
}
