import Diagnostics
import Frames

extension ShardSchema.Entry {
  /// Whether it is a covariate with a dataset of its own.
  var isBesideX: Bool { column.role == .covariate && places[0].index == nil }

  /// A covariate beside x as it enters a fit; nil for texts, which do not.
  var covariate: [Covariate]? {
    switch column.kind {
    case .real, .integer: [Covariate(column.name)]
    case .categorical(let levels): [Covariate(column.name, levels: levels)]
    case .vector(let width): (0..<width).map { Covariate("\(column.name)[\($0)]") }
    case .text: nil
    }
  }

  /// The columns of numbers that a covariate beside x becomes, as indicators and components of vectors do in x.
  ///
  /// - Throws: ``Failure`` `data` when it holds texts.
  func asNumbers() throws -> [Self] {
    guard let covariates = covariate else {
      throw Failure(
        .data,
        "covariate '\(column.name)' holds texts, which no fit reads; write the shards again, by 'giv-dist shard' as "
          + "categories or with --keep")
    }
    let names = covariates.flatMap(\.columnNames)
    return names.enumerated().map { index, name in
      var entry = self
      entry.column.name = name
      entry.column.kind = .real
      switch column.kind {
      case .categorical: entry.form = .indicator(of: column, code: Int64(index + 1))
      case .integer: entry.form = .number(of: column)
      case .vector: entry.places = places.map { ($0.dataset, index) }
      case .real, .text: break
      }
      return entry
    }
  }
}

extension ShardSchema {
  /// What the columns of covariates stand for: those of x, then those beside it.
  ///
  /// - Parameter asNumbers: whether categories and vectors beside x are counted too, as they enter a fit.
  func allCovariates(asNumbers: Bool) -> [Covariate] {
    covariates + entries.filter(\.isBesideX).flatMap { asNumbers || $0.column.kind == .real ? $0.covariate ?? [] : [] }
  }

  /// Covariates, instruments and proxies whose levels differ between files, for each level of these becomes a number, and
  /// covariates that have one level only.
  func levelFindings(_ files: [ShardFile]) -> [Finding] {
    let inX = covariates.indices.flatMap { index in
      Self.findings(covariates[index], files.compactMap { $0.header?.covariates[index].levels })
    }
    return inX
      + entries.flatMap { entry -> [Finding] in
        guard [.covariate, .instrument, .proxy].contains(entry.column.role) else { return [] }
        let lists = files.compactMap { $0.counterpart(of: entry.column)?.column.kind.levels }
        return Self.findings(
          Covariate(entry.column.name, levels: entry.column.kind.levels), lists, entry.column.role == .covariate)
      }
  }

  private static func findings(_ column: Covariate, _ lists: [[String]], _ isCovariate: Bool = true) -> [Finding] {
    guard let levels = column.levels else { return [] }
    let values: [Finding.Key: Finding.Value] = [.column: .name(column.name), .levels: .names(levels)]
    if lists.contains(where: { $0 != lists[0] }) { return [.note(.differentLevels, values)] }
    return isCovariate && levels.count == 1 ? [.note(.singleLevel, values)] : []
  }
}
