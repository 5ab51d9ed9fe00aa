import LinearAlgebra

extension Matrix {
  /// The Cholesky factor of the block of some columns of this Gram matrix.
  ///
  /// The one place where this target asks whether columns are independent.
  ///
  /// - Throws: ``NotPositiveDefinite`` that names the column by its index in the whole matrix.
  func factor(of columns: [Int]) throws(NotPositiveDefinite) -> Cholesky {
    do { return try Cholesky(selecting(rows: columns, columns: columns)) } catch {
      throw NotPositiveDefinite(column: columns[error.column], pivot: error.pivot)
    }
  }
}
