import Communication
import Diagnostics
import Frames

/// The values that columns take, as long as they are few.
struct DistinctValues {
  /// Values of one column; they stay few, so a look through them is short.
  private struct Found {
    var values: [Double] = []
    var last = Double.nan

    mutating func add(_ value: Double, upTo limit: Int) {
      guard value != last, values.count <= limit else { return }
      last = value
      if !values.contains(value) { values.append(value) }
    }
  }

  /// The values of each variable, ascending; nil where there are more than the limit.
  let values: [[Double]?]

  /// One pass over the rows. Collective.
  ///
  /// - Parameter limit: the most values of a variable that are told.
  init(_ variables: [RowVariable], of frame: Frame, upTo limit: Int) throws {
    let rows = frame.rows
    let local = try rows.communicator.agree {
      var found = variables.map { _ in Found() }
      for chunk in rows.localChunks {
        for (index, variable) in variables.enumerated() where found[index].values.count <= limit {
          let read = try variable.reader(frame, chunk: chunk)
          // Adding 0 turns -0 into 0, which is the same value.
          for row in 0..<frame.rowCount(ofChunk: chunk) { found[index].add(read(row) + 0, upTo: limit) }
        }
      }
      return found.map(\.values)
    }
    values = try local.map { try rows.communicator.union(Set($0), upTo: limit)?.sorted() }
  }
}

/// A number of every row: a column of numbers or codes, or the level of a category that is stored as indicators.
struct RowVariable: Sendable {
  enum Storage {
    case real(Int)
    case codes(Int)
    /// The level j + 1 where indicator j is 1, and 0 where none is.
    case indicators([Int])
  }

  let name: String
  let storage: Storage
  /// The names of the values 0, 1, … of a category.
  var levels: [String]?

  /// The columns that it consists of.
  var columns: [Int] {
    switch storage {
    case .real(let column), .codes(let column): [column]
    case .indicators(let columns): columns
    }
  }

  /// Those of them that hold numbers rather than codes.
  var numberColumns: [Int] { if case .codes = storage { [] } else { columns } }

  /// Reads the rows of a chunk, counted from its first.
  func reader(_ frame: Frame, chunk: Int) throws -> (Int) -> Double {
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
  func words(_ value: Double) -> String {
    if let levels, let level = Int(exactly: value), levels.indices.contains(level) { return levels[level] }
    return Int(exactly: value).map(String.init) ?? "\(value)"
  }
}

extension Frame {
  /// A covariate by its name, of numbers or of categories that became indicators, or a column whose role is proxy.
  ///
  /// - Parameter option: how a user names it, for messages.
  /// - Throws: ``Failure`` `usage` that names those that there are, the most alike first.
  func proxy(named name: String, _ option: String) throws -> RowVariable {
    let proxies = columns(of: .proxy)
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
      .usage, "\(option) names '\(name)', which is no column of the shards; \(closest(to: name, among: all))")
  }

  /// A column of codes or a covariate by its name, or the column of codes of a role of that name.
  func column(named name: String, _ option: String) throws -> RowVariable {
    let coded = schema.columns.indices.filter { schema.columns[$0].kind.holdsCodes }
    let found =
      coded.first { schema.columns[$0].name == name } ?? coded.first { schema.columns[$0].role.rawValue == name }
    guard let found else {
      let names = Set(coded.map { schema.columns[$0].name } + covariateNames)
      guard covariateNames.contains(name) || covariates.contains(where: { $0.name == name }) else {
        throw Failure(
          .usage, "\(option) names '\(name)', which is no column of the shards; \(closest(to: name, among: names))")
      }
      return try proxy(named: name, option)
    }
    return RowVariable(name: name, storage: .codes(found), levels: schema.columns[found].kind.levels)
  }
}

/// The names most like another, for a message.
private func closest(to name: String, among names: Set<String>) -> String {
  guard !names.isEmpty else { return "they have none that could serve" }
  let sorted = names.map { ($0, editDistance(name, $0)) }.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.map(\.0)
  return "they have \(sorted.prefix(8).map { "'\($0)'" }.joined(separator: ", "))" + (sorted.count > 8 ? ", …" : "")
}

/// The letters to add, drop or change that make one text of the other (Levenshtein).
private func editDistance(_ first: String, _ second: String) -> Int {
  let (a, b) = (Array(first.lowercased()), Array(second.lowercased()))
  var row = Array(0...b.count)
  for i in a.indices {
    var diagonal = row[0]
    row[0] = i + 1
    for j in b.indices {
      let next = min(row[j] + 1, row[j + 1] + 1, diagonal + (a[i] == b[j] ? 0 : 1))
      diagonal = row[j + 1]
      row[j + 1] = next
    }
  }
  return row[b.count]
}
