import Diagnostics
import Frames
import Shards
import Storage

/// What a first pass over tables finds of a panel: its units with their arms and starts, and its periods.
struct PanelSurvey {
  let units: Identifiers
  let periods: Identifiers
  let arms: [String]
  /// By unit: the place among ``arms``.
  let unitArms: [Int]
  /// By unit: the place among the periods, nil for never.
  let starts: [Int?]?
  let unitPlaces: [String: Int]
  let periodPlaces: [String: Int]
  let rowCount: Int
  let findings: [Finding]

  /// What the first row of a unit said.
  private struct Seen {
    let arm: String
    let start: String?
    let place: String
  }

  init(_ inputs: [InputFile], _ plan: PanelPlan) throws {
    var seen: [String: Seen] = [:]
    var periods: Set<String> = []
    var widePeriods: [String]?
    var findings: [Finding] = []
    var rowCount = 0
    for input in inputs {
      let rows = try PanelRows(input, plan)
      if case .wide = plan.shape {
        let labels = rows.outcomes.map(\.name)
        guard widePeriods == nil || widePeriods == labels else {
          throw Failure(
            .data, "\(input.path) has other periods than \(inputs[0].path); give tables of the same periods")
        }
        widePeriods = labels
      }
      while try rows.next() {
        rowCount += 1
        let unit = try rows.unit()
        if case .long = plan.shape { periods.insert(try rows.time(of: unit)) }
        let now = Seen(arm: try rows.arm(of: unit), start: try rows.start(), place: rows.place)
        if let first = seen[unit] {
          try Self.requireSame(first, now, unit)
        } else {
          seen[unit] = now
        }
      }
      findings += rows.table.findings
    }
    guard rowCount > 0 else { throw Failure(.data, "\(inputs[0].path) holds no rows; name tables that hold some") }
    units = LabelOrder.ofUnits(Array(seen.keys))
    if case .long(let time, _) = plan.shape {
      self.periods = try LabelOrder.ofPeriods(Array(periods), column: time)
    } else {
      self.periods = .strings(widePeriods!).asIntegersIfAscending
    }
    let entries = units.texts.map { seen[$0]! }
    arms = try Self.arms(entries, plan)
    let armPlaces = Self.places(arms)
    unitArms = entries.map { armPlaces[$0.arm]! }
    let periodPlaces = Self.places(self.periods.texts)
    starts =
      plan.start == nil
      ? nil
      : try zip(units.texts, entries).map { unit, entry in
        try entry.start.map { start in
          guard let place = periodPlaces[start] else {
            throw Failure(
              .data,
              "\(entry.place): the start '\(start)' of unit '\(unit)' is no period of the tables; leave it empty for a unit "
                + "that never comes under its arm in them")
          }
          return place
        }
      }
    unitPlaces = Self.places(units.texts)
    self.periodPlaces = periodPlaces
    self.rowCount = rowCount
    self.findings = findings
  }

  private static func requireSame(_ first: Seen, _ now: Seen, _ unit: String) throws {
    guard first.arm == now.arm else {
      throw Failure(
        .data,
        "\(now.place): unit '\(unit)' is under arm '\(now.arm)', and under '\(first.arm)' in \(first.place); give a unit in "
          + "all rows the arm that it comes under, and the time with --start")
    }
    guard first.start == now.start else {
      throw Failure(
        .data,
        "\(now.place): unit '\(unit)' starts '\(now.start ?? "never")', and '\(first.start ?? "never")' in \(first.place); give "
          + "it one start in all rows")
    }
  }

  /// The arms, that of all units at first before the others.
  private static func arms(_ entries: [Seen], _ plan: PanelPlan) throws -> [String] {
    let arms = sortedByCodePoints(Set(entries.map(\.arm)))
    let never = plan.start == nil ? [] : Set(entries.filter { $0.start == nil }.map(\.arm))
    let first = plan.firstArm ?? (never.count == 1 ? never.first! : arms[0])
    guard arms.contains(first) else {
      let similar = similarNames(to: first, among: arms)
      throw Failure(
        .usage,
        "--first-arm \(first): no unit has this arm; "
          + (similar.isEmpty
            ? "there are \(arms.joined(separator: ", "))" : "did you mean \(similar.joined(separator: ", "))?"))
    }
    return [first] + arms.filter { $0 != first }
  }

  private static func places(_ labels: [String]) -> [String: Int] {
    Dictionary(uniqueKeysWithValues: labels.enumerated().map { ($1, $0) })
  }
}

extension Identifiers {
  /// Integers where all texts are such and rise, as the names of columns may be.
  fileprivate var asIntegersIfAscending: Identifiers {
    guard case .integers(let sorted) = LabelOrder.ofUnits(texts), sorted.map(String.init) == texts else { return self }
    return .integers(sorted)
  }
}
