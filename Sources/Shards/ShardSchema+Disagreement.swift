import Diagnostics
import Frames

extension ShardSchema {
  /// In what files disagree that shards of one problem share: each that differs from the first, with the difference in
  /// words.
  ///
  /// Files may have different levels: they are those of all. A file that does not say what its covariates are is taken
  /// for one of the others' kind, where these are all of one.
  static func disagreements(_ files: [ShardFile], names: DatasetNames) -> [String] {
    // A file that names its columns can be compared with more.
    guard let first = files.first(where: { $0.header != nil }) ?? files.first else { return [] }
    func sentence(_ one: ShardFile, _ two: ShardFile, _ words: String) -> String {
      "\(one.path) and \(two.path) disagree on \(words); shards of one problem must agree"
    }
    var sentences: [String] = []
    for file in files where file.path != first.path {
      // In the order in which they were given.
      let isBefore = files.first?.path == file.path
      let (one, two) = isBefore ? (file, first) : (first, file)
      if let words = difference(one, two, names: names) { sentences.append(sentence(one, two, words)) }
    }
    if sentences.isEmpty, let silent = files.first(where: { $0.header == nil }),
      let covariates = first.header?.covariates,
      let other = files.first(where: { $0.header.map { $0.covariates != covariates } ?? false })
    {
      sentences.append(
        "\(silent.path) does not say what its covariates are, and \(first.path) and \(other.path) have different levels; "
          + "write it with 'giv-dist shard --like \(first.path)'")
    }
    return sentences
  }

  /// In what two files disagree, in words; nil when they agree.
  private static func difference(_ first: ShardFile, _ other: ShardFile, names: DatasetNames) -> String? {
    if let words = covariateDifference(first, other) { return words }
    if let one = first.header, let two = other.header {
      if one.treatmentName != two.treatmentName {
        return "the treatment ('\(one.treatmentName)' and '\(two.treatmentName)')"
      }
      if first.roles.contains(.outcome) && other.roles.contains(.outcome) && one.outcomeName != two.outcomeName {
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
      ?? other.columns.lazy.compactMap { covariate($0, lackingIn: first) }.first
  }

  private static func covariateDifference(_ first: ShardFile, _ other: ShardFile) -> String? {
    guard let one = first.header?.covariates, let two = other.header?.covariates else {
      guard first.covariateCount != other.covariateCount else { return nil }
      return "the number of covariates (\(first.covariateCount) and \(other.covariateCount))"
    }
    guard one.count == two.count else { return "the number of covariates (\(one.count) and \(two.count))" }
    guard let index = one.indices.first(where: { !one[$0].isCounterpart(of: two[$0]) }) else { return nil }
    guard one[index].name == two[index].name else {
      return "covariate \(index) ('\(one[index].name)' and '\(two[index].name)')"
    }
    let words = [one, two].map { $0[index].levels.map { "categories \(levelWords($0))" } ?? "numbers" }
    return "what covariate '\(one[index].name)' is (\(words[0]) and \(words[1]): name it in --categorical of "
      + "'giv-dist shard' where it is numbers)"
  }

  /// How a column differs from that of the same name or role in another file.
  private static func difference(_ stored: StoredColumn, _ other: ShardFile) -> String? {
    let column = stored.column
    guard let counterpart = other.counterpart(of: column) else {
      // A column that another file lacks is not there for the collection; one of another role is a mistake.
      let namesake = other.columns.first { $0.column.name == column.name }?.column
      if let role = namesake?.role, role != column.role,
        !other.columns.contains(where: { $0.column.role == column.role })
      {
        return "the role of column '\(column.name)' (\(column.role.rawValue) and \(role.rawValue))"
      }
      return covariate(stored, lackingIn: other)
    }
    // The institution of a whole file has no name of its own.
    if stored.dataset != nil, counterpart.dataset != nil, column.name != counterpart.column.name {
      return "the \(column.role.rawValue) ('\(column.name)' and '\(counterpart.column.name)')"
    }
    return difference(column, counterpart.column)
  }

  /// A covariate that the other file lacks, which a fit would leave out in silence.
  private static func covariate(_ stored: StoredColumn, lackingIn other: ShardFile) -> String? {
    guard stored.column.role == .covariate, other.counterpart(of: stored.column) == nil else { return nil }
    return "covariate '\(stored.column.name)', which \(other.path) lacks"
  }

  private static func difference(_ one: Column, _ two: Column) -> String? {
    func words(_ kind: ColumnKind) -> String {
      switch kind {
      case .vector(let width): "vectors of \(width)"
      case .categorical(let levels): "categories \(levelWords(levels))"
      default: kind.word
      }
    }
    if one.kind == two.kind || (one.kind.levels != nil && two.kind.levels != nil) { return nil }
    return "what \(one.role.rawValue) '\(one.name)' is (\(words(one.kind)) and \(words(two.kind)))"
  }
}
