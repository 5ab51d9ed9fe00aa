import Diagnostics
import Storage

/// A cursor over the rows of one table of a panel.
final class PanelRows {
  let table: any ImportTable
  private let plan: PanelPlan
  private let unitColumn: ImportColumn
  private let armColumn: ImportColumn
  private let timeColumn: ImportColumn?
  private let startColumn: ImportColumn?
  /// Those of the metrics or, in a wide table, of the periods.
  let outcomes: [ImportColumn]
  private var values: [ImportValue]

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
    let ofNames = try (unit: column(plan.unit), arm: column(plan.arm), start: plan.start.map(column))
    let outcomes: [ImportColumn]
    switch plan.shape {
    case .long(let time, let names):
      timeColumn = try column(time)
      outcomes = try names.map(column)
    case .wide(let first, let last, _):
      timeColumn = nil
      outcomes = try table.columns(from: column(first), through: column(last))
      let others = [ofNames.unit, ofNames.arm] + (ofNames.start.map { [$0] } ?? [])
      if let other = others.first(where: { other in outcomes.contains { $0.index == other.index } }) {
        throw Failure(
          .data,
          "\(table.path): column '\(other.name)' lies among the --periods \(first):\(last), which must be outcomes; move "
            + "it out of them")
      }
    }
    self.table = table
    self.plan = plan
    self.outcomes = outcomes
    (unitColumn, armColumn, startColumn) = ofNames
    values = [ImportValue](repeating: .missing, count: outcomes.count)
  }

  /// Moves to the next row and reads it; false after the last one.
  ///
  /// - Throws: ``Failure`` `data` that names the line of a unit, arm or period that is missing, or of an outcome that is
  ///   no finite number.
  func next() throws -> Bool {
    guard try table.next() else { return false }
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
    guard let unit = try label(unitColumn) else {
      throw Failure(.data, "\(place): the unit is missing in column '\(unitColumn.name)'; name it, or remove the line")
    }
    return unit
  }

  func arm(of unit: String) throws -> String {
    guard let arm = try label(armColumn) else {
      throw Failure(
        .data, "\(place): unit '\(unit)' has no arm in column '\(armColumn.name)'; give it one, or leave the unit out")
    }
    return arm
  }

  /// The period of the current row of a long table.
  func time(of unit: String) throws -> String {
    guard let time = try label(timeColumn!) else {
      throw Failure(
        .data,
        "\(place): the period of unit '\(unit)' is missing in column '\(timeColumn!.name)'; give it, or remove the line"
      )
    }
    return time
  }

  /// The first period of the unit under its arm; nil for never.
  func start() throws -> String? { try startColumn.flatMap(label) }

  /// Where the current row is, for a message.
  var place: String { "\(table.path): \(table.place)" }

  /// A cell as a name, in which integers written as `2.0` are `2`; nil when it is missing.
  private func label(_ column: ImportColumn) throws -> String? {
    var value = [ImportValue.missing]
    table.read([column], into: &value)
    if case .missing = value[0] { return nil }
    let text = levelText(trimmedBlanks(try table.text(column)), value[0])
    return text.isEmpty ? nil : text
  }

  private func refused(_ column: ImportColumn, _ reason: String) throws -> Failure {
    Failure(.data, "\(place), column '\(column.name)': '\(quoted(trimmedBlanks(try table.text(column))))' \(reason)")
  }
}
