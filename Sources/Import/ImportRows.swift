import Diagnostics
import Shards

/// A cursor over the planned columns of one input.
final class ImportRows {
  let table: any ImportTable
  /// The planned columns: treatment, outcome, then weight, source, institution and identifier where planned, then the
  /// covariates.
  let columns: [ImportColumn]
  let roles: [ImportRole]
  /// The values of the current row, one for each column.
  private(set) var values: [ImportValue]

  private let missing: MissingPolicy

  init(_ path: String, _ plan: ImportPlan) throws {
    table = try openImportTable(path, plan)
    var columns: [ImportColumn] = []
    var roles: [ImportRole] = []
    let single: [(String?, ImportRole)] = [
      (plan.treatment, .treatment), (plan.outcome, .outcome), (plan.weight, .weight), (plan.source, .source),
      (plan.institution, .institution), (plan.identifier, .identifier),
    ]
    for case (let name?, let role) in single {
      columns.append(try Self.column(named: name, of: table))
      roles.append(role)
    }
    for name in plan.covariates {
      let found = try table.columns(named: name)
      columns += found
      roles += found.map { _ in .covariate }
    }
    self.columns = columns
    self.roles = roles
    values = columns.map { _ in .missing }
    missing = plan.missing
    try checkDistinct()
  }

  /// The position of a role in `values`; for covariates, of the first.
  func position(of role: ImportRole) -> Int? { roles.firstIndex(of: role) }

  /// Moves to the next row and reads it; false after the last one.
  ///
  /// - Throws: ``Failure`` `data` when a number is infinite, or a value of a numeric role is not a number or, as a
  ///   weight, negative.
  func next() throws -> Bool {
    guard try table.next() else { return false }
    table.read(columns, into: &values)
    try check(values)
    return true
  }

  /// Whether the current row becomes part of a shard.
  var isKept: Bool {
    let (values, roles) = (self.values, self.roles)
    return values.indices.allSatisfy { index in
      guard case .missing = values[index] else { return true }
      return roles[index] == .identifier || roles[index] == .covariate && missing == .mean
    }
  }

  /// A cell of the current row as text.
  func text(_ index: Int) throws -> String { try table.text(columns[index]) }

  /// The identifier of the current row, empty when missing.
  func identifierText() throws -> String {
    guard let index = position(of: .identifier) else { return "" }
    if case .missing = values[index] { return "" }
    return try text(index)
  }

  private func check(_ values: [ImportValue]) throws {
    let roles = self.roles
    for index in values.indices { try check(values[index], roles[index], index) }
  }

  private func check(_ value: ImportValue, _ role: ImportRole, _ index: Int) throws {
    switch (value, role) {
    case (.notFinite, _) where role.isNumeric || role == .covariate:
      throw try refused(index, "is not finite; correct it, or name it in --missing-markers when it means missing")
    case (.text, _) where role.isNumeric:
      throw try refused(
        index, "is not a number, as \(role) must be; correct it, or name it in --missing-markers when it means missing")
    case (.number(let weight), .weight) where weight < 0:
      throw try refused(index, "is negative, which a weight cannot be")
    default: break
    }
  }

  private func refused(_ index: Int, _ reason: String) throws -> Failure {
    let text = try self.text(index)
    let shown = text.count > 40 ? text.prefix(40) + "…" : text[...]
    return Failure(.data, "\(table.path): \(table.place), column '\(columns[index].name)': '\(shown)' \(reason)")
  }

  private static func column(named name: String, of table: any ImportTable) throws -> ImportColumn {
    let columns = try table.columns(named: name)
    guard columns.count == 1 else {
      throw Failure(
        .data,
        "\(table.path): '\(name)' has \(columns.count) columns, and only --covariates takes a matrix; name one of "
          + "'\(name)[0]' to '\(name)[\(columns.count - 1)]'")
    }
    return columns[0]
  }

  /// A matrix may name a column again that is named elsewhere.
  private func checkDistinct() throws {
    var seen: Set<Int> = []
    for (column, role) in zip(columns, roles) where role.isNumeric || role == .covariate {
      guard seen.insert(column.index).inserted else {
        throw Failure(.data, "\(table.path): column '\(column.name)' is used twice; name it once")
      }
    }
  }
}
