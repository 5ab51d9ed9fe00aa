import CKernels

/// The Cholesky factor of a symmetric positive definite matrix, A = L L'.
///
/// The matrix is scaled to a unit diagonal before it is factored, so what counts as dependent does not change with the
/// units of the columns; only the lower triangle of A is read. Factor, solutions and inverse have the same bits on every
/// machine.
public struct Cholesky: Sendable {
  /// L, with zeros above the diagonal.
  public let lower: Matrix

  /// The share of a column's square sum that the columns before it must leave unexplained, 1 - R² of the column.
  ///
  /// Rounding of single-precision inputs reaches 4e-15 and that of the sums of many rows about 1e-14.
  public static let defaultTolerance = 1e-12

  /// Factors `matrix`.
  ///
  /// - Parameter tolerance: column j is dependent when 1 - R²(j on 0 ..< j) is at most this.
  /// - Throws: ``NotPositiveDefinite`` with the first column that is a combination of those before it.
  public init(_ matrix: Matrix, tolerance: Double = Cholesky.defaultTolerance) throws(NotPositiveDefinite) {
    precondition(matrix.isSquare, "a Cholesky factor is of a square matrix")
    var factor = Matrix(rows: matrix.rows, columns: matrix.rows)
    var pivot = 0.0
    let failed = giv_cholesky(matrix.rows, matrix.values, tolerance, &factor.values, &pivot, nil)
    guard failed < 0 else { throw NotPositiveDefinite(column: failed, pivot: pivot) }
    lower = factor
  }

  /// The order of the matrix.
  public var order: Int { lower.rows }

  /// What the columns before a column leave of its square sum, L_jj².
  public func pivot(_ column: Int) -> Double { lower[column, column] * lower[column, column] }

  /// log det A = 2 Σ log L_jj.
  public var logDeterminant: Double {
    2 * lower.diagonal.reduce(0) { $0 + Elementary.log($1) }
  }

  /// A⁻¹ b.
  public func solve(_ right: [Double]) -> [Double] {
    solve(Matrix(rows: right.count, columns: 1, values: right)).values
  }

  /// A⁻¹ B, for the columns of B [order, q]; a column's solution does not depend on the others.
  public func solve(_ right: Matrix) -> Matrix {
    precondition(right.rows == order, "right sides have as many rows as the matrix")
    var solution = right
    giv_cholesky_solve(order, lower.values, right.columns, &solution.values)
    return solution
  }

  /// A⁻¹, symmetric to the last bit.
  public var inverse: Matrix { inverseLower.gram }

  /// L⁻¹, lower triangular: L⁻¹ v has unit covariance when v has covariance A.
  public var inverseLower: Matrix {
    var result = Matrix(rows: order, columns: order)
    giv_invert_lower(order, lower.values, &result.values)
    return result
  }
}

/// A matrix has no Cholesky factor: a column is a linear combination of those before it, or not finite.
public struct NotPositiveDefinite: Error, Sendable, Equatable, CustomStringConvertible {
  /// The first column at fault, counted from zero.
  public let column: Int
  /// 1 - R² of this column on those before it, or its diagonal entry when that is not a positive number.
  public let pivot: Double

  public init(column: Int, pivot: Double) {
    self.column = column
    self.pivot = pivot
  }

  public var description: String {
    "the matrix is not positive definite: column \(column) depends on those before it (pivot \(pivot))"
  }
}
