import Diagnostics
import LinearAlgebra

extension Matrix {
  /// The share of a column that those before it must leave for it to count in ``regressionOfLastColumn()``.
  private static let dependenceTolerance = 1e-9

  /// Least squares of the last column of this Gram matrix on the others; a column that those before it determine has the
  /// coefficient 0.
  ///
  /// - Returns: the coefficients, and how many columns have a part in them.
  /// - Throws: ``NotPositiveDefinite`` when a product is not finite.
  func regressionOfLastColumn() throws -> (coefficients: [Double], kept: Int) {
    let target = rows - 1
    let dependent = Set(dependentColumns(inOrder: Array(0..<target), tolerance: Self.dependenceTolerance))
    let kept = (0..<target).filter { !dependent.contains($0) }
    let found = try Cholesky(selecting(rows: kept, columns: kept), tolerance: 0).solve(kept.map { self[$0, target] })
    var coefficients = [Double](repeating: 0, count: target)
    for (place, column) in kept.enumerated() { coefficients[column] = found[place] }
    return (coefficients, kept.count)
  }
}
