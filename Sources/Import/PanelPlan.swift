import Diagnostics
import Panels

/// How tables become a panel: which column names units, periods and arms, and where the outcomes stand.
public struct PanelPlan: Sendable {
  /// Where periods stand.
  public enum Shape: Sendable, Equatable {
    /// A row is a unit in a period, which a column names; the outcomes are columns of numbers.
    case long(time: String, outcomes: [String])
    /// A row is a unit; the columns from one to another are the periods of one outcome.
    case wide(first: String, last: String, outcome: String)
  }

  public var unit: String
  public var arm: String
  public var shape: Shape
  /// The column of the first period of a unit under its arm, missing for never.
  public var start: String?
  /// The arm that all units are under at first; nil for that of the units that never start, else the first one sorted.
  public var firstArm: String?
  /// Nil for periods as rows where there are many more of them than units.
  public var layout: Panel.Layout?
  /// Units of a file; nil for about 64 MiB. Of the layout of units only.
  public var unitsPerFile: Int?
  public var format = TextFormat()

  public init(unit: String, arm: String, shape: Shape) {
    self.unit = unit
    self.arm = arm
    self.shape = shape
  }

  public var outcomes: [String] {
    switch shape {
    case .long(_, let outcomes): outcomes
    case .wide(_, _, let outcome): [outcome]
    }
  }

  /// - Throws: ``Failure`` `usage` that names the option at fault.
  func validate() throws {
    try format.validate()
    guard !outcomes.isEmpty else { throw Failure(.usage, "--outcome names no column; name at least one") }
    guard unitsPerFile ?? 1 > 0 else { throw Failure(.usage, "--units-per-shard must be at least 1") }
    guard unitsPerFile == nil || layout != .periods else {
      throw Failure(
        .usage, "--units-per-shard cuts a panel of units, and --layout periods keeps all units in each file")
    }
    var named = [("--unit", unit), ("--arm", arm)] + (start.map { [("--start", $0)] } ?? [])
    if case .long(let time, let outcomes) = shape { named += [("--time", time)] + outcomes.map { ("--outcome", $0) } }
    var parts: [String: String] = [:]
    for (option, column) in named {
      guard let other = parts.updateValue(option, forKey: column) else { continue }
      throw Failure(
        .usage,
        other == option
          ? "\(option) names the column '\(column)' twice; name it once"
          : "column '\(column)' is named by both \(other) and \(option); name it in one of them")
    }
  }
}
