import Diagnostics

/// A number of every row: a column of numbers or codes, or the level of a category that is stored as indicators.
package struct RowVariable: Sendable {
  package enum Storage: Sendable {
    case real(Int)
    case codes(Int)
    /// The level j + 1 where indicator j is 1, and 0 where none is.
    case indicators([Int])
  }

  package let name: String
  package let storage: Storage
  /// The names of the values 0, 1, … of a category.
  package var levels: [String]?

  package init(name: String, storage: Storage, levels: [String]? = nil) {
    self.name = name
    self.storage = storage
    self.levels = levels
  }

  /// The columns that it consists of.
  package var columns: [Int] {
    switch storage {
    case .real(let column), .codes(let column): [column]
    case .indicators(let columns): columns
    }
  }

  /// Those of them that hold numbers rather than codes.
  package var numberColumns: [Int] { if case .codes = storage { [] } else { columns } }

  /// Reads the rows of a chunk, counted from its first.
  package func reader(_ frame: Frame, chunk: Int) throws -> (Int) -> Double {
    switch storage {
    case .real(let column):
      let values = try frame.reals(column, chunk: chunk)
      return { values[$0] }
    case .codes(let column):
      let codes = try frame.codes(column, chunk: chunk)
      return { Double(codes[$0]) }
    case .indicators(let columns):
      let indicators = try columns.map { try frame.reals($0, chunk: chunk) }
      return { row in
        for (level, indicator) in indicators.enumerated() where indicator[row] != 0 { return Double(level + 1) }
        return 0
      }
    }
  }

  /// How a report names a value.
  package func words(_ value: Double) -> String {
    if let levels, let level = Int(exactly: value), levels.indices.contains(level) { return levels[level] }
    return Int(exactly: value).map(String.init) ?? "\(value)"
  }
}

extension Frame {
  /// A covariate by its name, of numbers or of categories that became indicators, or a column whose role is proxy or variable.
  ///
  /// - Parameter option: how a user names it, for messages.
  /// - Throws: ``Failure`` `usage` that names those that there are, the most alike first.
  package func proxy(named name: String, _ option: String) throws -> RowVariable {
    let proxies = columns(of: .proxy) + columns(of: .variable)
    if let column = proxies.first(where: { schema.columns[$0].name == name }) {
      let kind = schema.columns[column].kind
      return RowVariable(
        name: name, storage: kind.holdsCodes ? .codes(column) : .real(column), levels: kind.levels)
    }
    let reals = columns(of: .covariate).filter { schema.columns[$0].kind == .real }
    func column(_ name: String) -> Int { reals.first { schema.columns[$0].name == name }! }
    if let covariate = covariates.first(where: { $0.name == name }) {
      guard let levels = covariate.levels else { return RowVariable(name: name, storage: .real(column(name))) }
      return RowVariable(name: name, storage: .indicators(covariate.columnNames.map(column)), levels: levels)
    }
    if reals.contains(where: { schema.columns[$0].name == name }) {
      return RowVariable(name: name, storage: .real(column(name)))
    }
    let all = Set(covariates.map(\.name) + covariateNames + proxies.map { schema.columns[$0].name })
    throw Failure(
      .usage,
      "\(option) names '\(name)', which is no column of the shards; \(suggestion(for: name, among: all.sorted()))")
  }

  /// A column of codes, a covariate or a variable of a graph by its name, or the column of codes of a role of that name.
  ///
  /// - Parameter others: further names that a user could have given, for messages.
  package func column(named name: String, _ option: String, besides others: [String] = []) throws -> RowVariable {
    let coded = schema.columns.indices.filter { schema.columns[$0].kind.holdsCodes }
    let found =
      coded.first { schema.columns[$0].name == name } ?? coded.first { schema.columns[$0].role.rawValue == name }
    guard let found else {
      let numbers = covariateNames + columns(of: .variable).map { schema.columns[$0].name }
      let names = Set(coded.map { schema.columns[$0].name } + numbers + others)
      guard numbers.contains(name) || covariates.contains(where: { $0.name == name }) else {
        throw Failure(
          .usage,
          "\(option) names '\(name)', which is no column of the shards; \(suggestion(for: name, among: names.sorted()))"
        )
      }
      return try proxy(named: name, option)
    }
    return RowVariable(name: name, storage: .codes(found), levels: schema.columns[found].kind.levels)
  }
}
