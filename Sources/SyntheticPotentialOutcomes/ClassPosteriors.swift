import Diagnostics
import Frames
import Runs

extension SyntheticOutcomesResult {
  /// Whether every row has a posterior: the outcome's proxies are joint cells, and some stratum has classes.
  public var hasPosteriors: Bool { strata.contains { $0.posteriors != nil } }

  /// Writes P(class | outcome's proxies) of every row, [n, K], in the order of the classes. Collective.
  ///
  /// - Parameter frame: the rows that were fitted.
  /// - Returns: the SHA-256 of the posteriors' bits, on all ranks.
  /// - Throws: on all ranks the same ``Failure``: `usage` when the outcome's proxies are no cells; `cannotCreate` when the
  ///   file exists and `force` is false, `inputOutput` when writing fails.
  public func writePosteriors(_ frame: Frame, to path: String, force: Bool) throws -> String {
    guard outcomeFeatures.isOneHot else {
      throw Failure(
        .usage,
        "--posteriors are of joint cells of --outcome-proxies, which are numbers here; give --outcome-features onehot")
    }
    let width = strata.map(\.rank).max()!
    let groups = moments.groups
    let groupsOfStratum = groups.arms.count * groups.blocks.count
    let places = Dictionary(uniqueKeysWithValues: outcomeFeatures.used.enumerated().map { (Int32($1), $0) })
    let outputs = RowOutputs([.numbers("posterior", width: width)], encodingType: "giv-class-posteriors")
    return try outputs.write(frame.rows, to: path, digestOf: "posterior", force: force) { chunk in
      let count = frame.rowCount(ofChunk: chunk)
      var (group, cell) = ([Int32](repeating: 0, count: count), [Int32](repeating: 0, count: count))
      try group.withUnsafeMutableBufferPointer { try groups.fill(frame, chunk: chunk, into: $0.baseAddress!) }
      try cell.withUnsafeMutableBufferPointer {
        try outcomeFeatures.fillCells(frame, chunk: chunk, into: $0.baseAddress!)
      }
      let values = (0..<count).flatMap { row -> [Double] in
        let found = strata[Int(group[row]) / groupsOfStratum].posteriors?[places[cell[row]]!] ?? []
        return found + Array(repeating: .nan, count: width - found.count)
      }
      return [.numbers(values)]
    }
  }
}
