import COpenBLAS
import Glibc

/// The Cholesky factor of a symmetric positive definite matrix, A = L L'.
///
/// The matrix is scaled to a unit diagonal before it is factored, so what counts as dependent does not change with the
/// units of the columns; only the lower triangle of A is read.
public struct Cholesky: Sendable {
  /// L, with zeros above the diagonal.
  public let lower: Matrix

  /// The share of a column's square sum that the columns before it must leave unexplained.
  ///
  /// Rounding of single-precision inputs reaches 4e-15 and that of the sums of many rows about 1e-14.
  public static let defaultTolerance = 1e-12

  /// Factors `matrix` by LAPACK's dpotrf.
  ///
  /// - Parameter tolerance: column j is dependent when 1 - R²(j on 0 ..< j) is at most this.
  /// - Throws: ``NotPositiveDefinite`` with the first column that is a combination of those before it.
  public init(_ matrix: Matrix, tolerance: Double = Cholesky.defaultTolerance) throws(NotPositiveDefinite) {
    precondition(matrix.isSquare, "a Cholesky factor is of a square matrix")
    let scale = try Self.scale(of: matrix)
    var factor = Self.unitDiagonal(matrix, scale: scale)
    var order = Int32(matrix.rows)
    var status: Int32 = 0
    if order > 0 {
      // Row-major lower is column-major upper.
      dpotrf_("U", &order, &factor.values, &order, &status)
    }
    let factored = status > 0 ? Int(status) - 1 : matrix.rows
    for column in 0..<factored {
      let pivot = factor[column, column] * factor[column, column]
      guard pivot > tolerance else { throw NotPositiveDefinite(column: column, pivot: pivot) }
    }
    if factored < matrix.rows {
      // The pivot that dpotrf refused: 1 less the squares of its row, which are done by then.
      let row = factor[row: factored].prefix(factored)
      throw NotPositiveDefinite(column: factored, pivot: 1 - row.reduce(0) { $0 + $1 * $1 })
    }
    for i in 0..<matrix.rows {
      for j in 0...i { factor[i, j] *= scale[i] }
    }
    lower = factor
  }

  /// The order of the matrix.
  public var order: Int { lower.rows }

  /// log det A = 2 Σ log L_jj.
  public var logDeterminant: Double {
    2 * lower.diagonal.reduce(0) { $0 + log($1) }
  }

  /// A⁻¹ b.
  public func solve(_ right: [Double]) -> [Double] {
    solve(Matrix(rows: right.count, columns: 1, values: right)).values
  }

  /// A⁻¹ B, for the columns of B [order, q].
  public func solve(_ right: Matrix) -> Matrix {
    precondition(right.rows == order, "right sides have as many rows as the matrix")
    guard order > 0, right.columns > 0 else { return right }
    var solution = right.transposed
    var n = Int32(order)
    var count = Int32(right.columns)
    var status: Int32 = 0
    dpotrs_("U", &n, &count, lower.values, &n, &solution.values, &n, &status)
    return solution.transposed
  }

  /// A⁻¹, symmetric to the last bit.
  public var inverse: Matrix {
    let factor = inverseLower
    var result = factor.transposed * factor
    for i in 0..<order {
      for j in 0..<i { result[i, j] = result[j, i] }
    }
    return result
  }

  /// L⁻¹, lower triangular: L⁻¹ v has unit covariance when v has covariance A.
  public var inverseLower: Matrix {
    var result = lower
    guard order > 0 else { return result }
    var n = Int32(order)
    var status: Int32 = 0
    dtrtri_("U", "N", &n, &result.values, &n, &status)
    return result
  }
}

// MARK: - Scaling

extension Cholesky {
  private static func scale(of matrix: Matrix) throws(NotPositiveDefinite) -> [Double] {
    var scale = matrix.diagonal
    for (column, value) in scale.enumerated() {
      guard value > 0, value.isFinite else { throw NotPositiveDefinite(column: column, pivot: value) }
      scale[column] = value.squareRoot()
    }
    return scale
  }

  /// The lower triangle of D⁻¹ A D⁻¹, D = diag(scale), with an exact unit diagonal and zeros above.
  private static func unitDiagonal(_ matrix: Matrix, scale: [Double]) -> Matrix {
    var result = Matrix.identity(matrix.rows)
    for i in 0..<matrix.rows {
      for j in 0..<i { result[i, j] = matrix[i, j] / scale[i] / scale[j] }
    }
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
