import Communication
import Diagnostics

extension Frame {
  /// Exact quantiles of real columns, as of repeated rows where weights are frequencies, and else whatever they are.
  /// Collective.
  ///
  /// For n sorted values v and probability p, with h = p (n - 1): v[⌊h⌋] + (h - ⌊h⌋) (v[⌊h⌋ + 1] - v[⌊h⌋]), which is
  /// numpy's method `linear`, of `nanquantile` where values are missing. The order statistics are found by a radix
  /// selection: six passes count, for all columns and all wanted ranks at once, the values by the next 11 bits of their
  /// keys. No row leaves its rank, and the result is the same for every number of ranks.
  /// - Parameter probabilities: each in 0 ... 1.
  /// - Returns: for each column, one quantile for each probability; NaN when every value is missing.
  /// - Throws: ``Failure`` when a rank fails.
  /// - Precondition: the columns are real, and there are rows.
  public func quantiles(of probabilities: [Double], columns: [Int]) throws -> [[Double]] {
    precondition(probabilities.allSatisfy { (0...1).contains($0) } && rows.rowCount > 0)
    let counts = try presentCounts(of: columns)
    let positions = counts.map { count in probabilities.map { $0 * Double(max(0, count - 1)) } }
    let orders = zip(counts, positions).map { count, positions in
      count == 0 ? [] : Set(positions.flatMap { [Int($0), min(Int($0) + 1, count - 1)] }).sorted()
    }
    var selections = orders.map { RadixSelection(orders: $0) }
    while selections.contains(where: { !$0.isResolved }) { try refine(&selections, columns) }
    return columns.indices.map { index in
      guard counts[index] > 0 else { return probabilities.map { _ in .nan } }
      let values = Dictionary(uniqueKeysWithValues: zip(orders[index], selections[index].values))
      return positions[index].map { position in
        let low = Int(position)
        let lower = values[low]!
        let upper = values[min(low + 1, counts[index] - 1)]!
        return interpolate(lower, upper, position - Double(low))
      }
    }
  }

  /// The rows in which each column is not missing.
  private func presentCounts(of columns: [Int]) throws -> [Int] {
    guard columns.contains(where: { schema.columns[$0].allowsMissing }) else {
      return columns.map { _ in observationCount }
    }
    var counts = columns.map { _ in Int64(0) }
    try rows.communicator.agree {
      for chunk in rows.localChunks {
        for (index, column) in columns.enumerated() {
          let values = UnsafeBufferPointer(start: try reals(column, chunk: chunk), count: rowCount(ofChunk: chunk))
          guard let frequencies = try frequencies(chunk: chunk) else {
            counts[index] += Int64(values.count { !$0.isNaN })
            continue
          }
          for row in values.indices where !values[row].isNaN { counts[index] += Int64(frequencies[row]) }
        }
      }
    }
    return try rows.communicator.sum(counts: counts).map(Int.init)
  }

  /// One pass: counts the digits of all columns, adds the counts of all ranks, and narrows every selection.
  private func refine(_ selections: inout [RadixSelection], _ columns: [Int]) throws {
    try rows.communicator.agree {
      for chunk in rows.localChunks {
        for (index, column) in columns.enumerated() {
          let values = UnsafeBufferPointer(start: try reals(column, chunk: chunk), count: rowCount(ofChunk: chunk))
          if let frequencies = try frequencies(chunk: chunk) {
            selections[index].count(values, frequencies)
          } else if schema.columns[column].allowsMissing {
            values.filter { !$0.isNaN }.withUnsafeBufferPointer { selections[index].count($0) }
          } else {
            selections[index].count(values)
          }
        }
      }
    }
    // A column at a time: the counts of all take tens of megabytes where many quantiles are wanted, and need no copies.
    for index in selections.indices where !selections[index].isResolved {
      selections[index].narrow(by: try rows.communicator.sum(counts: selections[index].counts))
    }
  }

  /// Between two values, from the nearer one, as numpy does it: exact at both ends.
  private func interpolate(_ lower: Double, _ upper: Double, _ fraction: Double) -> Double {
    let difference = upper - lower
    return fraction < 0.5 ? lower + difference * fraction : upper - difference * (1 - fraction)
  }
}
