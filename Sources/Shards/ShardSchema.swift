import Diagnostics
import Frames

/// The columns of several files whose rows follow each other, and where each lies in each of them.
struct ShardSchema: Sendable {
  /// One column over all files.
  struct Entry: Sendable {
    var column: Column
    /// The path of its dataset, nil for the first level in all rows, and the place of the column in it: by file.
    let places: [(dataset: String?, index: Int?)]
    /// For each file that has other levels, the code of each of its levels among all; nil for the file's own codes.
    let recodings: [[Int64]?]
  }

  let entries: [Entry]

  /// The columns that all files have: x, t, y, weight, z and id, then the others in the order of the first file.
  ///
  /// Levels of one name are one level. Where files have different levels, all of them are taken in the order of code
  /// points.
  /// - Precondition: the files agree, see ``disagreement(_:_:)``.
  init(_ files: [ShardFile], names: DatasetNames) {
    var entries: [Entry] = []
    let first = files[0]
    let shared = files.dropFirst().reduce(first.roles) { $0.intersection($1.roles) }
    func append(_ role: Role, _ name: String, _ kind: ColumnKind = .real, index: Int? = nil) {
      let place = (dataset: names[role], index: index)
      entries.append(
        Entry(
          column: Column(name, role, kind), places: files.map { _ in place }, recodings: files.map { _ in nil }))
    }
    if shared.contains(.covariate) {
      let named = files.first { $0.header != nil } ?? first
      for (index, name) in named.covariateNames.enumerated() { append(.covariate, name, index: index) }
    }
    let header = files.lazy.compactMap(\.header).first
    if shared.contains(.treatment) { append(.treatment, header?.treatmentName ?? names.treatment) }
    if shared.contains(.outcome) { append(.outcome, header?.outcomeName ?? names.outcome) }
    if shared.contains(.weight) { append(.weight, names.weight) }
    if shared.contains(.source) { entries.append(Self.source(of: files, names)) }
    if shared.contains(.identifier) {
      append(.identifier, names.identifier, first.hasTextIdentifiers ? .text : .integer)
    }
    for stored in first.columns {
      let counterparts = files.compactMap { $0.counterpart(of: stored.column) }
      if counterparts.count == files.count { entries.append(Entry(counterparts)) }
    }
    self.entries = entries
  }

  private static func source(of files: [ShardFile], _ names: DatasetNames) -> Entry {
    Entry(
      files.map {
        StoredColumn(column: $0.sourceColumn(names), dataset: names.source)
      })
  }
}

extension ShardSchema.Entry {
  /// One column that lies in each file.
  fileprivate init(_ stored: [StoredColumn]) {
    var column = (stored.first { $0.dataset != nil } ?? stored[0]).column
    column.allowsMissing = stored.contains { $0.column.allowsMissing }
    places = stored.map { ($0.dataset, $0.index) }
    let levels = stored.map { $0.column.kind.levels }
    if let first = levels[0], levels.contains(where: { $0 != first }) {
      let all = sortedByCodePoints(Set(levels.flatMap { $0 ?? [] }))
      let codes = Dictionary(uniqueKeysWithValues: all.enumerated().map { ($1, Int64($0)) })
      column.kind = .categorical(levels: all)
      recodings = levels.map { levels in levels == all ? nil : levels?.map { codes[$0]! } }
    } else {
      recodings = stored.map { _ in nil }
    }
    self.column = column
  }
}

extension ShardFile {
  /// The file's own column of the role and, where a role may repeat, of the name.
  fileprivate func counterpart(of column: Column) -> StoredColumn? {
    columns.first { $0.column.role == column.role && (!column.role.mayRepeat || $0.column.name == column.name) }
  }

  /// The true source: categories when the file names them, else integers.
  func sourceColumn(_ names: DatasetNames) -> Column {
    let levels = names.source == DatasetNames().source ? header?.sourceLevels : nil
    return Column(names.source, .source, levels.map { .categorical(levels: $0) } ?? .integer)
  }
}

// MARK: - Disagreement

extension ShardSchema {
  /// In what two files disagree that shards of one problem share, in words; nil when they agree.
  static func difference(_ first: ShardFile, _ other: ShardFile, names: DatasetNames) -> String? {
    if first.covariateCount != other.covariateCount {
      return "the number of covariates (\(first.covariateCount) and \(other.covariateCount))"
    }
    if let one = first.header, let two = other.header {
      if let index = one.covariateNames.indices.first(where: { one.covariateNames[$0] != two.covariateNames[$0] }) {
        return "covariate \(index) ('\(one.covariateNames[index])' and '\(two.covariateNames[index])')"
      }
      if one.treatmentName != two.treatmentName {
        return "the treatment ('\(one.treatmentName)' and '\(two.treatmentName)')"
      }
      if one.outcomeName != two.outcomeName {
        return "the outcome ('\(one.outcomeName)' and '\(two.outcomeName)')"
      }
    }
    if first.hasTextIdentifiers != other.hasTextIdentifiers { return "whether identifiers are strings or integers" }
    if first.roles.contains(.source) && other.roles.contains(.source),
      let words = difference(first.sourceColumn(names), other.sourceColumn(names))
    {
      return words
    }
    return first.columns.lazy.compactMap { difference($0, other) }.first
  }

  /// How a column differs from that of the same name or role in another file.
  private static func difference(_ stored: StoredColumn, _ other: ShardFile) -> String? {
    let column = stored.column
    guard let counterpart = other.counterpart(of: column) else {
      // A column that another file lacks is not there for the collection; one of another role is a mistake.
      guard let namesake = other.columns.first(where: { $0.column.name == column.name })?.column else { return nil }
      let isElsewhere = other.columns.contains { $0.column.role == column.role }
      return isElsewhere || namesake.role == column.role
        ? nil : "the role of column '\(column.name)' (\(column.role.rawValue) and \(namesake.role.rawValue))"
    }
    // The institution of a whole file has no name of its own.
    if stored.dataset != nil, counterpart.dataset != nil, column.name != counterpart.column.name {
      return "the \(column.role.rawValue) ('\(column.name)' and '\(counterpart.column.name)')"
    }
    return difference(column, counterpart.column)
  }

  private static func difference(_ one: Column, _ two: Column) -> String? {
    func words(_ kind: ColumnKind) -> String {
      if case .vector(let width) = kind { "vectors of \(width)" } else { kind.word }
    }
    if let first = one.kind.levels, let second = two.kind.levels {
      guard !one.role.levelsMayDiffer, first != second else { return nil }
      let index = zip(first, second).enumerated().first { $1.0 != $1.1 }?.offset ?? min(first.count, second.count)
      func level(_ levels: [String]) -> String { index < levels.count ? "'\(levels[index])'" : "none" }
      return "level \(index) of \(one.role.rawValue) '\(one.name)' (\(level(first)) and \(level(second)))"
    }
    if one.kind != two.kind {
      return "what \(one.role.rawValue) '\(one.name)' is (\(words(one.kind)) and \(words(two.kind)))"
    }
    return nil
  }
}

extension Role {
  /// Whether files of one problem may have different levels: where levels name things, of which each file has some, but
  /// not where each level becomes a number of the analysis.
  fileprivate var levelsMayDiffer: Bool {
    switch self {
    case .covariate, .treatment, .outcome, .instrument, .proxy: false
    default: true
    }
  }
}
