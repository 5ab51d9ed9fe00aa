import Diagnostics
import Frames
import Shards
import Storage

/// A cursor over the planned columns of one input.
final class ImportRows {
  let table: any ImportTable
  /// The planned columns, in the order of ``ImportPlan/roles``.
  let columns: [ImportColumn]
  let roles: [Role]
  /// The vector that a column is a number of; nil for columns by themselves.
  let vectors: [String?]
  /// The values of the current row, one for each column.
  private(set) var values: [ImportValue]

  private let plan: ImportPlan
  private let missing: MissingPolicy
  private var rowNumber = 0

  init(_ input: InputFile, _ plan: ImportPlan) throws {
    table = try openImportTable(input, plan.format)
    self.plan = plan
    var columns: [ImportColumn] = []
    var roles: [Role] = []
    var vectors: [String?] = []
    for (name, role) in plan.roles {
      if plan.mayLack.contains(role), (try? table.columns(named: name)) == nil { continue }
      let found: [ImportColumn]
      if let ends = plan.vectors[name] {
        found = try table.columns(
          from: Self.column(named: ends.first, of: table), through: Self.column(named: ends.last, of: table))
      } else {
        found = role.takesMatrix ? try table.columns(named: name) : [try Self.column(named: name, of: table)]
      }
      columns += found
      roles += found.map { _ in role }
      vectors += found.map { _ in role == .variable && found.count > 1 ? name : nil }
    }
    self.columns = columns
    self.roles = roles
    self.vectors = vectors
    values = columns.map { _ in .missing }
    missing = plan.missing
    try checkDistinct()
  }

  /// The position of a role in `values`; for covariates, of the first.
  func position(of role: Role) -> Int? { roles.firstIndex(of: role) }

  /// Moves to the next row and reads it; false after the last one.
  ///
  /// - Throws: ``Failure`` `data` when a number is infinite, or a value of a numeric role is not a number or, as a
  ///   weight, negative.
  func next() throws -> Bool {
    guard try table.next() else { return false }
    rowNumber += 1
    table.read(columns, into: &values)
    try check(values)
    return true
  }

  /// Whether the current row is the first one.
  var isFirst: Bool { rowNumber == 1 }

  /// Whether the current row becomes part of a shard.
  var isKept: Bool {
    let (values, roles) = (self.values, self.roles)
    return values.indices.allSatisfy { index in
      guard case .missing = values[index] else { return true }
      return switch roles[index] {
      case .identifier, .none: true
      case .covariate: missing == .mean
      default: false
      }
    }
  }

  /// A cell of the current row as the name of a category, which blanks around it are no part of.
  func text(_ index: Int) throws -> String { trimmedBlanks(try table.text(columns[index])) }

  /// The identifier of the current row, empty when missing.
  func identifierText() throws -> String {
    guard let index = position(of: .identifier) else { return "" }
    if case .missing = values[index] { return "" }
    return try table.text(columns[index])
  }

  private func check(_ values: [ImportValue]) throws {
    let roles = self.roles
    for index in values.indices { try check(values[index], roles[index], index) }
  }

  private func check(_ value: ImportValue, _ role: Role, _ index: Int) throws {
    switch (value, role) {
    case (.notFinite, _) where role.mayBeNumeric:
      throw try refused(index, "is not finite; correct it, or name it in --missing-markers when it means missing")
    case (.text, _) where role.isNumeric:
      throw try refused(index, "is not a number, as \(role.rawValue) must be; \(try remedy(index))")
    case (.number(let weight), .weight) where weight < 0:
      throw try refused(index, "is negative, which a weight cannot be")
    case (.number(let number), .test) where number != 0 && number != 1:
      throw try refused(index, "is neither 0 nor 1, which say whether a row is kept for testing")
    default: break
    }
  }

  /// What to do about a text where a number must be.
  private func remedy(_ index: Int) throws -> String {
    let text = try self.text(index)
    if text == columns[index].name { return "remove the line if it is the header again" }
    let remedy = TextAmongNumbers([text], format: plan.format.numbers).remedy(markers: plan.format.missingMarkers)
    return remedy + (isFirst ? ", or remove the line if it holds units" : "")
  }

  func refused(_ index: Int, _ reason: String) throws -> Failure {
    Failure(
      .data,
      "\(table.path): \(table.place), column '\(columns[index].name)': '\(quoted(try text(index)))' \(reason)")
  }

  private static func column(named name: String, of table: any ImportTable) throws -> ImportColumn {
    let columns = try table.columns(named: name)
    guard columns.count == 1 else {
      throw Failure(
        .data,
        "\(table.path): '\(name)' has \(columns.count) columns, and only --covariates, --instruments, --proxies and "
          + "--keep take a matrix; \(table.remedy(forMatrix: name, ofColumns: columns.count))")
    }
    return columns[0]
  }

  /// A matrix may name a column again that is named elsewhere.
  private func checkDistinct() throws {
    var seen: Set<Int> = []
    for (column, role) in zip(columns, roles) where role.mayBeNumeric {
      guard seen.insert(column.index).inserted else {
        throw Failure(.data, "\(table.path): column '\(column.name)' is used twice; name it once")
      }
    }
  }
}
