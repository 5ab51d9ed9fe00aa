import Diagnostics
import Frames
import Shards

/// How the values of a table become the numbers of a shard.
struct ImportEncoding {
  /// What the columns of x stand for.
  let covariates: [Covariate]
  /// The means of covariates of numbers, or what an earlier encoding has for them.
  let means: [String: Double]
  /// Those that stand for missing numbers.
  let fills: [String: Double]
  /// The true sources in the order of their codes; nil when they are integers or not known.
  let sources: [String]?

  /// The columns besides x, t, y, z, weight and id.
  private(set) var columns: [Column]

  private let codes: [CovariateCode]
  /// Of the columns of the inputs besides these, and the places among ``columns`` that they are written to: those of a vector
  /// follow each other to one.
  private var columnCodes: [ColumnCode]
  private let columnPlaces: [Int]
  private let sourceCodes: [String: Int64]

  private enum CovariateCode {
    case number(mean: Double)
    /// The place of each category; the first has no indicator.
    case categories([String: Int], count: Int)
  }

  private enum ColumnCode {
    case number
    case integer
    case categories([String: Int64])
  }

  init(_ survey: ImportSurvey) throws {
    let earlier = survey.plan.earlier
    covariates = earlier?.covariates ?? survey.covariates.map(Self.covariate)
    try Self.check(covariates)
    let numbers = zip(covariates, survey.covariates).filter { $0.0.levels == nil }
    let means = earlier?.means ?? Dictionary(uniqueKeysWithValues: numbers.map { ($0.name, $1.mean) })
    let filled = numbers.filter { $1.missing > 0 }.map(\.0.name)
    if let earlier, let unknown = filled.first(where: { means[$0] == nil }) {
      throw Failure(
        .data,
        "covariate '\(unknown)' misses values, and \(earlier.path) does not say its mean; leave such rows out with --missing "
          + "drop")
    }
    self.means = means
    fills = means.filter { filled.contains($0.key) }
    codes = covariates.map { covariate in
      guard let levels = covariate.levels else { return .number(mean: means[covariate.name] ?? .nan) }
      let places = levels.enumerated().map { ($1, $0) }
      return .categories(Dictionary(uniqueKeysWithValues: places), count: levels.count)
    }
    sources = try survey.sources()
    sourceCodes = Self.codes(of: sources ?? [])
    let inputs = survey.further.map(Self.column)
    columnCodes = inputs.map { column in
      column.kind.levels.map { .categories(Self.codes(of: $0)) } ?? (column.kind == .integer ? .integer : .number)
    }
    (columns, columnPlaces) = try Self.joined(inputs, survey.further.map(\.vector))
  }

  /// The columns as they are written, those of a vector as one, and the place of each of the inputs' among them.
  private static func joined(
    _ inputs: [Column], _ vectors: [String?]
  ) throws -> (columns: [Column], places: [Int]) {
    var columns: [Column] = []
    var places: [Int] = []
    for (column, vector) in zip(inputs, vectors) {
      guard let vector else {
        columns.append(column)
        places.append(columns.count - 1)
        continue
      }
      guard column.kind == .real else {
        throw Failure(
          .data,
          "'\(column.name)' of the vector '\(vector)' holds categories, and vectors hold numbers; leave it out, or name it as "
            + "a variable by itself")
      }
      if columns.last?.name == vector, case .vector(let width)? = columns.last?.kind {
        columns[columns.count - 1].kind = .vector(width: width + 1)
      } else {
        columns.append(Column(vector, column.role, .vector(width: 1)))
      }
      places.append(columns.count - 1)
    }
    return (columns, places)
  }

  private static func covariate(_ survey: ColumnSurvey) -> Covariate {
    guard survey.isCategorical else { return Covariate(survey.name) }
    let needsMissing = survey.missing > 0 && !survey.levels.contains(Covariate.missingLevel)
    return Covariate(survey.name, levels: survey.levels + (needsMissing ? [Covariate.missingLevel] : []))
  }

  private static func check(_ covariates: [Covariate]) throws {
    for names in [covariates.map(\.name), covariates.flatMap(\.columnNames)] {
      if let twice = Dictionary(grouping: names, by: \.self).first(where: { $0.value.count > 1 })?.key {
        throw Failure(.data, "two covariates would be named '\(twice)'; rename a column or a category")
      }
    }
    guard let first = covariates.first, covariates.allSatisfy(\.columnNames.isEmpty) else { return }
    throw Failure(
      .data,
      "covariate '\(first.name)' is '\(first.levels?.first ?? "")' in every row, and x would have no column; name more "
        + "--covariates, or say which levels there are elsewhere by --like or --levels")
  }

  private static func codes(of levels: [String]) -> [String: Int64] {
    Dictionary(uniqueKeysWithValues: levels.enumerated().map { ($1, Int64($0)) })
  }

  private static func column(_ survey: ColumnSurvey) -> Column {
    let kind: ColumnKind =
      survey.isCategorical ? .categorical(levels: survey.levels) : survey.role == .test ? .integer : .real
    return Column(survey.name, survey.role, kind, allowsMissing: survey.missing > 0)
  }

  /// The levels of each covariate of categories, the first one without an indicator.
  var categories: [String: [String]] {
    Dictionary(
      uniqueKeysWithValues: covariates.compactMap { covariate in covariate.levels.map { (covariate.name, $0) } })
  }

  /// What a reader of the shards should know.
  var findings: [Finding] {
    covariates.filter { $0.levels?.count == 1 }.map {
      .note(.singleLevel, [.column: .name($0.name), .levels: .names($0.levels!)])
    }
  }

  /// The encoding of the rows of one institution, which is then the only level.
  func restricted(toInstitution institution: String) -> ImportEncoding {
    var restricted = self
    for (index, place) in columnPlaces.enumerated() where columns[place].role == .institution {
      restricted.columns[place].kind = .categorical(levels: [institution])
      restricted.columnCodes[index] = .categories([institution: 0])
    }
    return restricted
  }

  /// The values of no rows for each of ``columns``.
  var emptyValues: [ColumnValues] { columns.map { $0.kind.holdsCodes ? .codes([]) : .reals([]) } }

  /// Appends the current row to a block.
  ///
  /// - Throws: ``Failure`` `inputOutput` when the row holds what the survey did not see.
  func append(_ rows: ImportRows, to block: inout ShardBlock) throws {
    let values = rows.values
    var covariate = 0
    var further = 0
    for (index, role) in rows.roles.enumerated() {
      switch (role, values[index]) {
      case (.covariate, let value):
        try append(value, rows, index, codes[covariate], to: &block.covariates)
        covariate += 1
      case (.treatment, .number(let number)): block.treatment.append(number)
      case (.outcome, .number(let number)): block.outcome!.append(number)
      case (.weight, .number(let number)): block.weight!.append(number)
      case (.source, _): block.source!.append(try sourceCode(rows, index))
      case (_, let value) where role.isFurther:
        try append(value, rows, index, columnCodes[further], to: &block.columns[columnPlaces[further]])
        further += 1
      default: break
      }
    }
  }

  private func append(
    _ value: ImportValue, _ rows: ImportRows, _ index: Int, _ code: ColumnCode, to values: inout ColumnValues
  ) throws {
    switch (code, value) {
    case (.number, .number(let number)): values.append(number)
    case (.number, .missing): values.append(.nan)
    case (.integer, .number(let number)): values.append(Int64(number))
    case (.categories, .missing): values.append(Int64(-1))
    case (.categories(let codes), _):
      guard let code = codes[try rows.level(index)] else { throw changedInput(rows.table.path) }
      values.append(code)
    default: throw changedInput(rows.table.path)
    }
  }

  private func append(
    _ value: ImportValue, _ rows: ImportRows, _ index: Int, _ code: CovariateCode, to numbers: inout [Double]
  ) throws {
    switch (code, value) {
    case (.number, .number(let number)): numbers.append(number)
    case (.number(let mean), .missing): numbers.append(mean)
    case (.number, _): throw changedInput(rows.table.path)
    case (.categories(let places, let count), _):
      let isMissing = if case .missing = value { true } else { false }
      guard let place = places[isMissing ? Covariate.missingLevel : try rows.level(index)] else {
        throw changedInput(rows.table.path)
      }
      let start = numbers.count
      numbers.append(contentsOf: repeatElement(0, count: count - 1))
      if place > 0 { numbers[start + place - 1] = 1 }
    }
  }

  private func sourceCode(_ rows: ImportRows, _ index: Int) throws -> Int64 {
    if sources != nil, let code = sourceCodes[try rows.level(index)] { return code }
    guard sources == nil, case .number(let number) = rows.values[index], let code = Int64(exactly: number) else {
      throw changedInput(rows.table.path)
    }
    return code
  }
}

extension ColumnValues {
  fileprivate mutating func append(_ number: Double) {
    guard case .reals(var values) = self else { preconditionFailure("the column holds no real numbers") }
    // Only one array refers to the numbers while they grow.
    self = .reals([])
    values.append(number)
    self = .reals(values)
  }

  fileprivate mutating func append(_ code: Int64) {
    guard case .codes(var values) = self else { preconditionFailure("the column holds no codes") }
    self = .codes([])
    values.append(code)
    self = .codes(values)
  }
}

/// The failure of an input whose second reading does not agree with the first.
func changedInput(_ path: String) -> Failure {
  Failure(.inputOutput, "\(path) changed while it was read; start again when nothing writes to it")
}
