/// A covariate as it was before it became columns of numbers.
///
/// A covariate of numbers is one column. One of categories is an indicator for each level but the reference, which is
/// the row where all of them are 0; with one level only it is no column at all, and still a covariate.
public struct Covariate: Sendable, Equatable, Codable {
  public var name: String
  /// The levels of categories, the first of which is the reference; nil for numbers.
  public var levels: [String]?

  /// The level that stands for a missing category, where missing is a level of its own; the last one, unless chosen.
  package static let missingLevel = "(missing)"

  public init(_ name: String, levels: [String]? = nil) {
    self.name = name
    self.levels = levels
  }

  /// The names of its columns: its own, or `region=B`, `region=C` for levels A, B and C.
  public var columnNames: [String] { levels?.dropFirst().map { "\(name)=\($0)" } ?? [name] }

  /// Whether it is the same covariate in the same kind of values, whatever its levels.
  package func isCounterpart(of other: Covariate) -> Bool {
    name == other.name && (levels == nil) == (other.levels == nil)
  }

  /// For a message: `age`, `region (A, B, C)`.
  package var words: String { name + (levels.map { " (\(levelWords($0)))" } ?? "") }
}

/// Levels for a message, the first ones of many.
package func levelWords(_ levels: [String]) -> String {
  let most = 12
  guard !levels.isEmpty else { return "none" }
  let list = levels.prefix(most).joined(separator: ", ")
  return levels.count > most ? "\(list), … (\(levels.count) levels)" : list
}

/// All levels of several lists, in an order that does not depend on that of the lists.
///
/// Equal lists stay as they are. Else a first level that all lists share, their reference, stays the first, and the
/// others follow in the order of code points, with that of missing values last.
package func unitedLevels(_ lists: [[String]]) -> [String] {
  guard let first = lists.first, lists.contains(where: { $0 != first }) else { return lists.first ?? [] }
  var rest = Set(lists.joined())
  let missing = rest.remove(Covariate.missingLevel).map { [$0] } ?? []
  let references = Set(lists.map(\.first))
  guard references.count == 1, let reference = first.first, rest.remove(reference) != nil else {
    return sortedByCodePoints(rest) + missing
  }
  return [reference] + sortedByCodePoints(rest) + missing
}
