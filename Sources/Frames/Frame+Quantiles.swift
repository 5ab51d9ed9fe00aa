import Communication
import Diagnostics

extension Frame {
  /// Exact quantiles of every covariate, and of the treatment if wanted, without weights. Collective.
  ///
  /// For n sorted values v and probability p, with h = p (n - 1): v[⌊h⌋] + (h - ⌊h⌋) (v[⌊h⌋ + 1] - v[⌊h⌋]), which is
  /// numpy's method `linear`. The order statistics are found by a radix selection: six passes count, for all columns
  /// and all wanted ranks at once, the values by the next 11 bits of their keys. No row leaves its rank, and the result
  /// is the same for every number of ranks.
  /// - Parameters:
  ///   - probabilities: each in 0 ... 1.
  ///   - includesTreatment: whether the quantiles of the treatment follow those of the covariates.
  /// - Returns: for each column, one quantile for each probability.
  /// - Throws: ``Failure`` when a rank fails.
  public func quantiles(of probabilities: [Double], includesTreatment: Bool = false) throws -> [[Double]] {
    precondition(probabilities.allSatisfy { (0...1).contains($0) } && rows.rowCount > 0)
    let positions = probabilities.map { $0 * Double(rows.rowCount - 1) }
    let orders = Set(positions.flatMap { [Int($0), min(Int($0) + 1, rows.rowCount - 1)] }).sorted()
    // The treatment is the column after the covariates.
    var selections = (0..<covariateCount + (includesTreatment ? 1 : 0)).map { _ in RadixSelection(orders: orders) }
    while selections.contains(where: { !$0.isResolved }) { try refine(&selections) }
    return selections.map { selection in
      let values = Dictionary(uniqueKeysWithValues: zip(orders, selection.values))
      return positions.map { position in
        let low = Int(position)
        let lower = values[low]!
        let upper = values[min(low + 1, rows.rowCount - 1)]!
        return interpolate(lower, upper, position - Double(low))
      }
    }
  }

  /// One pass: counts the digits of all columns, adds the counts of all ranks, and narrows every selection.
  private func refine(_ selections: inout [RadixSelection]) throws {
    try rows.communicator.agree {
      for chunk in rows.localChunks {
        for covariate in selections.indices {
          let values = UnsafeBufferPointer(
            start: try column(covariate, chunk: chunk), count: rowCount(ofChunk: chunk))
          selections[covariate].count(values)
        }
      }
    }
    let counts = try rows.communicator.sum(counts: selections.flatMap(\.counts))
    var start = 0
    for covariate in selections.indices {
      let length = selections[covariate].counts.count
      selections[covariate].narrow(by: counts[start..<start + length])
      start += length
    }
  }

  /// Between two values, from the nearer one, as numpy does it: exact at both ends.
  private func interpolate(_ lower: Double, _ upper: Double, _ fraction: Double) -> Double {
    let difference = upper - lower
    return fraction < 0.5 ? lower + difference * fraction : upper - difference * (1 - fraction)
  }
}
