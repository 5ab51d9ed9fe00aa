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
    let leading = Array(0..<rows - 1)
    let factor = try selecting(rows: leading, columns: leading).independentFactor()
    let found = factor.solve(leading.map { self[$0, rows - 1] })
    return (found, factor.kept.count)
  }

  /// The factor of a Gram matrix without the columns that those before them determine.
  func independentFactor() throws -> IndependentFactor {
    let dependent = Set(dependentColumns(inOrder: Array(0..<rows), tolerance: Self.dependenceTolerance))
    let kept = (0..<rows).filter { !dependent.contains($0) }
    return IndependentFactor(
      order: rows, kept: kept, factor: try Cholesky(selecting(rows: kept, columns: kept), tolerance: 0))
  }
}

/// The factor of a Gram matrix in the columns that are not left out.
struct IndependentFactor {
  let order: Int
  let kept: [Int]
  fileprivate let factor: Cholesky

  /// The coefficients for these products, 0 for a column that is left out.
  func solve(_ products: [Double]) -> [Double] {
    var coefficients = [Double](repeating: 0, count: order)
    for (column, found) in zip(kept, factor.solve(kept.map { products[$0] })) { coefficients[column] = found }
    return coefficients
  }
}
