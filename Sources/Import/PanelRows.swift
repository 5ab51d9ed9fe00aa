import Diagnostics
import Storage

/// A cursor over the rows of one table of a panel.
final class PanelRows {
  let table: any ImportTable
  private let plan: PanelPlan
  /// What a name is of, and the columns of names in this order; the last two need not be there.
  private enum Name { case unit, arm, time, start }
  private let nameColumns: [ImportColumn]
  private let places: [Name: Int]
  /// Those of the metrics or, in a wide table, of the periods.
  let outcomes: [ImportColumn]
  private var values: [ImportValue]
  private var names: [ImportValue]

  init(_ input: InputFile, _ plan: PanelPlan) throws {
    let table = try openImportTable(input, plan.format)
    func column(_ name: String) throws -> ImportColumn {
      let columns = try table.columns(named: name)
      guard columns.count == 1 else {
        throw Failure(
          .data,
          "\(table.path): '\(name)' has \(columns.count) columns, and one is wanted; "
            + table.remedy(forMatrix: name, ofColumns: columns.count))
      }
      return columns[0]
    }
    var named = try [(Name.unit, column(plan.unit)), (.arm, column(plan.arm))]
    if let start = plan.start { named.append((.start, try column(start))) }
    let outcomes: [ImportColumn]
    switch plan.shape {
    case .long(let time, let names):
      named.append((.time, try column(time)))
      outcomes = try names.map(column)
    case .wide(let first, let last, _):
      outcomes = try table.columns(from: column(first), through: column(last))
      if let other = named.map(\.1).first(where: { other in outcomes.contains { $0.index == other.index } }) {
        throw Failure(
          .data,
          "\(table.path): column '\(other.name)' lies among the --periods \(first):\(last), which must be outcomes; move "
            + "it out of them")
      }
    }
    self.table = table
    self.plan = plan
    self.outcomes = outcomes
    nameColumns = named.map(\.1)
    places = Dictionary(uniqueKeysWithValues: named.enumerated().map { ($1.0, $0) })
    names = [ImportValue](repeating: .missing, count: named.count)
    values = [ImportValue](repeating: .missing, count: outcomes.count)
  }

  /// Moves to the next row and reads it; false after the last one.
  ///
  /// - Throws: ``Failure`` `data` that names the line of a unit, arm or period that is missing, or of an outcome that is
  ///   no finite number.
  func next() throws -> Bool {
    guard try table.next() else { return false }
    table.read(nameColumns, into: &names)
    table.read(outcomes, into: &values)
    for index in values.indices {
      switch values[index] {
      case .missing, .number: continue
      case .notFinite:
        throw try refused(
          outcomes[index], "is not finite; correct it, or name it in --missing-markers when it means missing")
      case .text:
        let text = trimmedBlanks(try table.text(outcomes[index]))
        let remedy = TextAmongNumbers([text], format: plan.format.numbers).remedy(markers: plan.format.missingMarkers)
        throw try refused(outcomes[index], "is not a number, as outcomes must be; \(remedy)")
      }
    }
    return true
  }

  /// Outcomes of the current row; NaN is missing.
  func outcome(_ index: Int) -> Double { if case .number(let value) = values[index] { value } else { .nan } }

  func unit() throws -> String {
    guard let unit = try label(.unit) else {
      throw Failure(.data, "\(place): the unit is missing in column '\(plan.unit)'; name it, or remove the line")
    }
    return unit
  }

  func arm(of unit: String) throws -> String {
    guard let arm = try label(.arm) else {
      throw Failure(
        .data, "\(place): unit '\(unit)' has no arm in column '\(plan.arm)'; give it one, or leave the unit out")
    }
    return arm
  }

  /// The period of the current row of a long table.
  func time(of unit: String) throws -> String {
    guard let time = try label(.time) else {
      throw Failure(
        .data,
        "\(place): the period of unit '\(unit)' is missing in column '\(nameColumns[places[.time]!].name)'; give it, or remove the line"
      )
    }
    return time
  }

  /// The first period of the unit under its arm; nil for never.
  func start() throws -> String? { try label(.start) }

  /// Where the current row is, for a message.
  var place: String { "\(table.path): \(table.place)" }

  /// A cell as a name, in which integers written as `2.0` are `2`; nil when it is missing.
  private func label(_ name: Name) throws -> String? {
    guard let place = places[name] else { return nil }
    if case .missing = names[place] { return nil }
    let text = levelText(trimmedBlanks(try table.text(nameColumns[place])), names[place])
    return text.isEmpty ? nil : text
  }

  private func refused(_ column: ImportColumn, _ reason: String) throws -> Failure {
    Failure(.data, "\(place), column '\(column.name)': '\(quoted(trimmedBlanks(try table.text(column))))' \(reason)")
  }
}
