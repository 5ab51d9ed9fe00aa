import Diagnostics
import Frames

/// What is decided about the values of a column before they are read.
enum PlannedCoding: Equatable {
  /// Numbers, as in an earlier table.
  case numbers(in: String)
  /// These levels and no others, the first of which is the reference.
  case levels(KnownLevels)
  /// Categories, even where they look like numbers; the reference is the first level when it is not chosen.
  case categories(reference: String?)

  var isCategorical: Bool { if case .numbers = self { false } else { true } }

  /// The levels of a column that has some: those that were decided on, or those found with the chosen reference first.
  func levels(found: Set<String>) -> [String] {
    switch self {
    case .levels(let known): known.levels
    case .categories(let reference?): [reference] + sortedByCodePoints(found.subtracting([reference]))
    case .numbers, .categories(nil): sortedByCodePoints(found)
    }
  }

  /// Refuses a value that the coding has no number for.
  ///
  /// - Throws: ``Failure`` `data` that names the file, line, column and text, and what is known.
  func check(_ value: ImportValue, _ rows: ImportRows, _ index: Int) throws {
    switch (self, value) {
    case (.numbers, .number), (_, .missing), (.categories, _): return
    case (.numbers(let path), _):
      throw try rows.refused(index, "is not a number, as in \(path); correct it, or name it in --missing-markers")
    case (.levels(let known), _):
      guard try !known.contains(rows.level(index)) else { return }
      throw try rows.refused(
        index, "is none of the levels that \(known.source.words): \(levelWords(known.levels)); \(known.source.remedy)")
    }
  }
}

extension PlannedCoding {
  /// Refuses what all rows together show to be wrong: a reference that is in none, and missing values without a level.
  ///
  /// - Throws: ``Failure`` `data` that names the column and the levels.
  func check(_ found: Set<String>, missing: Int, of name: String) throws {
    switch self {
    case .categories(let reference?) where !found.contains(reference):
      throw Failure(
        .data,
        "--categorical \(name):\(reference): no row has the level '\(reference)'; there are "
          + "\(levelWords(sortedByCodePoints(found)))")
    case .levels(let known) where known.source.isEarlier && missing > 0 && !known.contains(Covariate.missingLevel):
      throw Failure(
        .data,
        "covariate '\(name)' misses \(missing) \(missing == 1 ? "value" : "values"), and for them there is none of the levels that \(known.source.words): "
          + "\(levelWords(known.levels)); leave such rows out with --missing drop")
    default: return
    }
  }
}

/// Levels that are decided on, in order.
struct KnownLevels: Equatable {
  let levels: [String]
  let source: LevelSource
  private let all: Set<String>

  init(_ levels: [String], from source: LevelSource) {
    self.levels = levels
    self.source = source
    all = Set(levels)
  }

  func contains(_ level: String) -> Bool { all.contains(level) }
}

/// Where levels come from that are decided before a table is read.
enum LevelSource: Equatable {
  /// The path of shards or of a run.
  case earlier(String)
  /// The path of a file of levels.
  case agreed(String)

  var words: String {
    switch self {
    case .earlier(let path): "\(path) knows"
    case .agreed(let path): "\(path) lists"
    }
  }

  var isEarlier: Bool { if case .earlier = self { true } else { false } }

  var remedy: String {
    switch self {
    case .earlier: "correct it, or leave such rows out"
    case .agreed: "correct it, or add it there, for all institutions"
    }
  }
}

extension ImportPlan {
  /// What is decided about a column.
  ///
  /// - Parameter covariate: its place among the covariates, by which an earlier encoding knows it; nil for no covariate.
  func coding(of name: String, covariate: Int?) -> PlannedCoding? {
    if let earlier, let covariate {
      let known = earlier.covariates[covariate]
      return known.levels.map { .levels(KnownLevels($0, from: .earlier(earlier.path))) } ?? .numbers(in: earlier.path)
    }
    if let agreed, let levels = agreed.levels[name] { return .levels(KnownLevels(levels, from: .agreed(agreed.path))) }
    return categorical.first { $0.name == name }.map { .categories(reference: $0.reference) }
  }
}

extension ImportRows {
  /// The level that a cell of the current row is: its text, where integers that are written as `2.0` are `2`, as some
  /// programs write them beside missing values.
  func level(_ index: Int) throws -> String {
    try levelText(text(index), values[index])
  }
}

/// The text of a cell as a name, see ``ImportRows/level(_:)``.
func levelText(_ text: String, _ value: ImportValue) -> String {
  guard case .number = value, let point = text.utf8.firstIndex(of: Byte.point) else { return text }
  let fraction = text.utf8[text.utf8.index(after: point)...]
  return fraction.allSatisfy({ $0 == Byte.zero }) ? String(text[..<point]) : text
}
