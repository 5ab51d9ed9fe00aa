import Diagnostics
import Frames
import Runs

extension SyntheticOutcomesResult {
  /// Whether every row has a posterior: the outcome's proxies are joint cells, and some stratum has classes.
  public var hasPosteriors: Bool { strata.contains { $0.posteriors != nil } }

  /// Writes P(class | outcome's proxies) of every row, [n, K], in the order of the classes; NaN for rows whose cell or
  /// stratum has no row that was fitted. Collective.
  ///
  /// - Parameters:
  ///   - frame: the rows, fitted or not, with the columns of the outcome's proxies and of the strata.
  ///   - carried: a column of the input to keep beside them.
  /// - Returns: the SHA-256 of the posteriors' bits, on all ranks.
  /// - Throws: on all ranks the same ``Failure``: `usage` when the outcome's proxies are no cells; `cannotCreate` when the
  ///   file exists and `force` is false, `inputOutput` when writing fails.
  public func writePosteriors(
    _ frame: Frame, to path: String, carrying carried: RowOutputs.Carried? = nil, force: Bool
  ) throws -> String {
    guard case .cells(let values) = outcomeFeatures.basis else {
      throw Failure(
        .usage,
        "--posteriors are of joint cells of --outcome-proxies, which are numbers here; give --outcome-features onehot")
    }
    let width = strata.map(\.rank).max()!
    let missing = Array(repeating: Double.nan, count: width)
    let proxies = try RowLookup(
      options.outcomeProxies.map { try frame.proxy(named: $0, "--outcome-proxies") }, among: values)
    let place = try moments.groups.strata.map {
      try RowLookup([frame.column(named: $0.variable.name, "--strata")], among: [$0.values])
    }
    let used = Dictionary(uniqueKeysWithValues: outcomeFeatures.used.enumerated().map { ($1, $0) })
    let outputs = RowOutputs([.numbers("posterior", width: width)], encodingType: "giv-class-posteriors")
    return try outputs.write(frame.rows, to: path, carrying: carried, digestOf: "posterior", force: force) { chunk in
      let cells = try proxies(frame, chunk: chunk)
      let places = try place.map { try $0(frame, chunk: chunk) } ?? cells.map { _ in 0 }
      let posteriors = zip(cells, places).map { cell, place -> [Double] in
        guard let cell = cell.flatMap({ used[$0] }), let found = place.flatMap({ strata[$0].posteriors }) else {
          return missing
        }
        return found[cell] + missing.dropFirst(found[cell].count)
      }
      return [.numbers(posteriors.flatMap { $0 })]
    }
  }
}

/// Which joint cell rows fall in, of rows that may fall in none.
private struct RowLookup {
  private let variables: [RowVariable]
  private let values: [[Double]]

  init(_ variables: [RowVariable], among values: [[Double]]) {
    (self.variables, self.values) = (variables, values)
  }

  /// The cell of every row of a chunk.
  func callAsFunction(_ frame: Frame, chunk: Int) throws -> [Int?] {
    let readers = try variables.map { try $0.reader(frame, chunk: chunk) }
    return (0..<frame.rowCount(ofChunk: chunk)).map { row in
      var cell = 0
      for (read, values) in zip(readers, values) {
        guard let place = values.firstIndex(of: read(row)) else { return nil }
        cell = cell * values.count + place
      }
      return cell
    }
  }
}
