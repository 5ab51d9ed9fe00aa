import Communication
import Frames
import LinearAlgebra
import Networks

/// Rows that a representation is learned from, on every rank: t, y and the candidates around their means in standard
/// deviations.
package struct AutoSample: Sendable {
  /// t, y, then the candidates, each of ``count`` rows.
  let columns: [[Double]]
  package let count: Int

  var treatment: [Double] { columns[0] }
  var outcome: [Double] { columns[1] }
  var candidateCount: Int { columns.count - 2 }

  /// More rows than this are not needed for networks of some dozen units.
  static let mostRows = 10_000

  package init(treatment: [Double], outcome: [Double], candidates: [[Double]]) {
    columns = [treatment, outcome] + candidates
    count = treatment.count
  }

  /// All rows of a table, or ``mostRows`` that are drawn. One pass. Collective.
  init(_ candidates: CandidateColumns, seed: UInt64) throws {
    let rows = candidates.frame.rows
    let count = min(rows.rowCount, Self.mostRows)
    let order = RowPermutation(count: rows.rowCount, seed: seed, index: 0)
    var places: [Int: Int] = [:]
    for place in 0..<count { places[count < rows.rowCount ? order[place] : place] = place }
    let variables = candidates.variables
    let width = variables.count
    // A place has one row, so that the sum is a copy.
    let sums = try rows.sum([Double](repeating: 0, count: width * count)) { sums, chunk in
      for (j, variable) in variables.enumerated() {
        let values = try candidates.frame.reals(variable.column, chunk: chunk)
        for (offset, row) in rows.grid.rows(ofChunk: chunk).enumerated() {
          if let place = places[row] { sums[j * count + place] = variable.standardized(values[offset]) }
        }
      }
    }
    self.count = count
    columns = (0..<width).map { Array(sums[$0 * count..<($0 + 1) * count]) }
  }
}
