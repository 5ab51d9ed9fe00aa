import Diagnostics
import Frames

/// The columns of several files whose rows follow each other, and where each lies in each of them.
struct ShardSchema: Sendable {
  /// One column over all files.
  struct Entry: Sendable {
    /// How the numbers of a column come from its dataset.
    enum Form: Sendable, Equatable {
      case stored
      /// Real numbers from the integers of a column.
      case number(of: Column)
      /// 1 in the rows of a column that have this code, 0 in others.
      case indicator(of: Column, code: Int64)
    }

    var column: Column
    /// The path of its dataset, nil for the first level in all rows, and the place of the column in it: by file.
    var places: [(dataset: String?, index: Int?)]
    /// For each file that has other levels, the code of each of its levels among all; nil for the file's own codes.
    var recodings: [[Int64]?]
    var form = Form.stored

    /// The column of codes that its numbers are made of; nil when it has numbers of its own.
    var codes: Column? {
      switch form {
      case .stored: return column.kind.holdsCodes ? column : nil
      case .number(var codes), .indicator(var codes, _):
        codes.allowsMissing = column.allowsMissing
        return codes
      }
    }
  }

  let entries: [Entry]
  /// What the columns of x stand for, with the levels of all files.
  let covariates: [Covariate]
  /// How the rows of each file's x become those columns; nil where they are.
  let conversions: [CovariateConversion?]

  /// The columns that all files have: x, t, y, weight, z and id, then the others in the order of the first file.
  ///
  /// Levels of one name are one level. Where files have different levels, all of them are taken, see ``unitedLevels(_:)``.
  /// - Parameter target: covariates by whose levels those of these names are coded.
  /// - Precondition: the files agree, see ``disagreements(_:names:)``, and `target` has all their levels.
  init(_ files: [ShardFile], names: DatasetNames, as target: [Covariate] = []) {
    var entries: [Entry] = []
    let first = files[0]
    let shared = files.dropFirst().reduce(first.roles) { $0.intersection($1.roles) }
    let targetLevels = Dictionary(target.map { ($0.name, $0.levels) }, uniquingKeysWith: { first, _ in first })
    func append(_ role: Role, _ name: String, _ kind: ColumnKind = .real, index: Int? = nil) {
      let place = (dataset: names[role], index: index)
      entries.append(
        Entry(
          column: Column(name, role, kind), places: files.map { _ in place }, recodings: files.map { _ in nil }))
    }
    covariates =
      shared.contains(.covariate) ? Self.unitedCovariates(files, levels: targetLevels) : []
    for (index, name) in covariates.flatMap(\.columnNames).enumerated() { append(.covariate, name, index: index) }
    conversions = files.map { [covariates] file in
      file.header.flatMap { CovariateConversion(from: $0.covariates, to: covariates) }
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
      guard counterparts.count == files.count else { continue }
      let levels = stored.column.role == .covariate ? targetLevels[stored.column.name] ?? nil : nil
      entries.append(Entry(counterparts, levels: levels))
    }
    self.entries = entries
  }

  /// The covariates of x with the levels of all files, or those given for their names.
  private static func unitedCovariates(_ files: [ShardFile], levels: [String: [String]?]) -> [Covariate] {
    let lists = files.compactMap(\.header?.covariates)
    guard let first = lists.first else { return files[0].covariateNames.map { Covariate($0) } }
    return first.indices.map { index in
      var covariate = first[index]
      if covariate.levels != nil {
        covariate.levels = (levels[covariate.name] ?? nil) ?? unitedLevels(lists.map { $0[index].levels! })
      }
      return covariate
    }
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
  ///
  /// - Parameter given: the levels to code it by; nil for those of all files.
  init(_ stored: [StoredColumn], levels given: [String]? = nil) {
    var column = (stored.first { $0.dataset != nil } ?? stored[0]).column
    column.allowsMissing = stored.contains { $0.column.allowsMissing }
    places = stored.map { ($0.dataset, $0.index) }
    let levels = stored.map { $0.column.kind.levels }
    if levels[0] != nil {
      let all = given ?? unitedLevels(levels.map { $0 ?? [] })
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
  func counterpart(of column: Column) -> StoredColumn? {
    columns.first { $0.column.role == column.role && (!column.role.mayRepeat || $0.column.name == column.name) }
  }

  /// The true source: categories when the file names them, else integers.
  func sourceColumn(_ names: DatasetNames) -> Column {
    let levels = names.source == DatasetNames().source ? header?.sourceLevels : nil
    return Column(names.source, .source, levels.map { .categorical(levels: $0) } ?? .integer)
  }
}
