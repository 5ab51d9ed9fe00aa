import Diagnostics
import Frames
import Storage

/// What the first pass over the inputs finds out: counts, categories, means, institutions.
struct ImportSurvey {
  /// More categories than this are taken for an identifier, or for numbers with a stray text among them.
  static let mostCategories = 256

  let plan: ImportPlan
  private(set) var columnNames: [String] = []
  private(set) var roles: [Role] = []
  private(set) var rowsRead = 0
  private(set) var rowsKept = 0
  /// Missing values over all rows read, by column.
  private(set) var missing: [Int] = []
  /// The columns of numbers or categories, by their places among all; nil for the others.
  private(set) var surveys: [ColumnSurvey?] = []
  private var source = SourceSurvey()
  private var affixes: AffixSurvey?
  private var matchedMarkers: Set<String> = []
  /// What was passed over in the inputs.
  private var tableFindings: [Finding] = []

  /// Reads all inputs once, or twice when a column turns out to hold categories after some of them passed for numbers.
  init(of inputs: [InputFile], _ plan: ImportPlan) throws {
    try self.init(of: inputs, plan, categorical: [])
    for survey in surveys { try survey?.checkTexts(plan) }
    let mixed = Set(surveys.indices.filter { surveys[$0]?.isMixed == true })
    if !mixed.isEmpty {
      try self.init(of: inputs, plan, categorical: mixed)
      for survey in surveys { try survey?.checkTexts(plan) }
    }
    try checkMissing()
    for survey in surveys { try survey?.check() }
  }

  private init(of inputs: [InputFile], _ plan: ImportPlan, categorical: Set<Int>) throws {
    self.plan = plan
    for input in inputs {
      let rows = try ImportRows(input, plan)
      if columnNames.isEmpty { try prepare(for: rows, categorical: categorical) }
      try checkAgreement(of: rows, with: inputs[0].path)
      let before = rowsRead
      while try rows.next() { try note(rows) }
      matchedMarkers.formUnion(rows.table.markers.matched)
      tableFindings += rows.table.findings
      guard rowsRead > before else { throw Failure(.data, "\(input.path) has no rows; leave it out or fill it") }
    }
  }

  private mutating func prepare(for rows: ImportRows, categorical: Set<Int>) throws {
    columnNames = rows.columns.map(\.name)
    roles = rows.roles
    try plan.earlier?.requireOrder(zip(columnNames, roles).filter { $0.1 == .covariate }.map(\.0))
    affixes = AffixSurvey(plan.format.numbers, columns: roles.count)
    missing = columnNames.map { _ in 0 }
    surveys = roles.indices.map { index in
      guard roles[index] == .covariate || roles[index].isFurther else { return nil }
      let covariate = roles[index] == .covariate ? roles[..<index].count { $0 == .covariate } : nil
      return ColumnSurvey(
        name: columnNames[index], role: roles[index], vector: rows.vectors[index],
        isCategorical: categorical.contains(index),
        coding: plan.coding(of: columnNames[index], covariate: covariate))
    }
  }

  private func checkAgreement(of rows: ImportRows, with first: String) throws {
    let names = rows.columns.map(\.name)
    guard names != columnNames else { return }
    throw Failure(
      .data,
      "\(rows.table.path) has the columns \(names.joined(separator: ", ")) where \(first) has "
        + "\(columnNames.joined(separator: ", ")); all inputs need the same")
  }

  private mutating func note(_ rows: ImportRows) throws {
    rowsRead += 1
    let values = rows.values
    for index in values.indices where roles[index] != .identifier && roles[index] != .none {
      if case .missing = values[index] { missing[index] += 1 }
    }
    guard rows.isKept else { return }
    rowsKept += 1
    try affixes?.note(rows)
    for index in values.indices {
      if roles[index] == .source { try source.note(values[index], rows, index) }
      try surveys[index]?.note(values[index], rows, index)
    }
  }

  /// The covariates, in their order.
  var covariates: [ColumnSurvey] { surveys.compactMap(\.self).filter { $0.role == .covariate } }
  /// The columns besides x, in their order.
  var further: [ColumnSurvey] { surveys.compactMap(\.self).filter { $0.role != .covariate } }

  /// The true sources in the order of their codes; nil when they are integers or not known.
  func sources() throws -> [String]? { try plan.source.flatMap { try source.codedSources(column: $0) } }

  /// What is doubtful about the inputs, or was done to them unasked.
  var findings: [Finding] {
    let unmatched = plan.format.missingMarkers.filter {
      !matchedMarkers.contains($0) && !TextFormat.defaultMissingMarkers.contains($0)
    }
    return tableFindings + (unmatched.isEmpty ? [] : [.note(.markersUnmatched, [.names: .names(unmatched)])])
      + (affixes?.findings(columnNames) ?? []) + surveys.flatMap { $0?.findings(rows: rowsKept) ?? [] }
  }

  /// Columns with missing values and their counts.
  var missingByColumn: [(name: String, count: Int)] {
    zip(columnNames, missing).filter { $0.1 > 0 }.map { (name: $0.0, count: $0.1) }
  }

  private func checkMissing() throws {
    let counts = missingByColumn.map { "\($0.name) \($0.count)" }.joined(separator: ", ")
    if plan.missing == .refuse && !counts.isEmpty {
      throw Failure(
        .data,
        "\(rowsRead - rowsKept) of \(rowsRead) rows miss values: \(counts); leave such rows out with --missing drop, or "
          + "fill covariates with --missing mean")
    }
    guard rowsKept > 0 else {
      throw Failure(
        .data,
        "no row is left of \(rowsRead) after those with missing values (\(counts)) are dropped; name fewer "
          + "columns, or use --missing mean")
    }
  }
}
