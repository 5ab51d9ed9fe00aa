import Diagnostics
import Frames

/// What is known of the columns before the moments are summed: the features of both sides, and where the outcome lies.
struct ProxySurvey {
  let treatment: ProxyFeatures
  let outcome: ProxyFeatures
  let scale: OutcomeScale
  /// Proxies with one value.
  let constant: [String]
  /// Cells without a row, which are known once the moments are.
  var empty: [String] = []

  /// Three passes over the rows. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure``: `usage` when a proxy is no column, is on both sides or is named twice;
  ///   `data` when the outcome is constant or a side has too many cells.
  init(_ options: SyntheticOutcomesOptions, of frame: Frame) throws {
    let sides = [
      (
        try Self.variables(options.treatmentProxies, "--treatment-proxies", frame), options.treatmentFeatures,
        "--treatment-proxies"
      ),
      (
        try Self.variables(options.outcomeProxies, "--outcome-proxies", frame), options.outcomeFeatures,
        "--outcome-proxies"
      ),
    ]
    let shared = Set(sides[0].0.flatMap(\.columns)).intersection(sides[1].0.flatMap(\.columns))
    if let column = shared.min() {
      throw Failure(
        .usage,
        "'\(frame.schema.columns[column].name)' is among --treatment-proxies and --outcome-proxies; a proxy stands on one "
          + "side: take it from the other")
    }
    let outcomeColumn = try frame.schema.index(of: .outcome)
    let columns = sides.flatMap { $0.0.flatMap(\.numberColumns) } + [outcomeColumn]
    let summaries = try frame.summary(of: columns)
    let y = summaries[columns.count - 1]
    guard !y.isConstant, y.variance > 0 else {
      throw Failure(.data, "the outcome '\(y.name)' has one value in all rows; no effect can be found on it")
    }
    scale = OutcomeScale(center: y.mean, deviation: y.standardDeviation)
    let values = try DistinctValues(sides.flatMap(\.0), of: frame, upTo: ProxyFeatures.mostCells).values
    let (first, split) = (sides[0].0.count, sides[0].0.reduce(0) { $0 + $1.numberColumns.count })
    let parts = [summaries[..<split], summaries[split..<columns.count - 1]].map(Array.init)
    let found = try zip(zip(sides, parts), [values[..<first], values[first...]]).map { side, values in
      try ProxyFeatures(side.0.0, side.0.1, values: Array(values), summaries: side.1, option: side.0.2)
    }
    (treatment, outcome) = (found[0], found[1])
    constant = zip(found, parts).flatMap { $0.constantNames($1) }
  }

  private static func variables(_ names: [String], _ option: String, _ frame: Frame) throws -> [RowVariable] {
    guard !names.isEmpty else { throw Failure(.usage, "\(option) names no column; give one at least") }
    let variables = try names.map { try frame.proxy(named: $0, option) }
    var seen: Set<Int> = []
    for variable in variables where variable.columns.contains(where: { !seen.insert($0).inserted }) {
      throw Failure(.usage, "\(option) names '\(variable.name)' twice; name each column once")
    }
    return variables
  }
}
