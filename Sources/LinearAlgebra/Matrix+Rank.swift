import CKernels

extension Matrix {
  /// The columns of this Gram matrix that depend linearly on those before them in `order`, in that order.
  ///
  /// A dependent column is left out of those that later ones are held against, so it does not hide them. Columns are
  /// scaled to a unit diagonal, so their units change nothing; one whose square sum is not a positive number is
  /// dependent. p³ / 3 operations for p columns, by the same code as ``Cholesky``.
  ///
  /// - Parameter tolerance: a column is dependent when 1 - R² on those before it is at most this.
  public func dependentColumns(
    inOrder order: some Collection<Int>, tolerance: Double = Cholesky.defaultTolerance
  ) -> [Int] {
    let columns = Array(order)
    var isDependent = [UInt8](repeating: 0, count: columns.count)
    var pivot = 0.0
    _ = giv_cholesky(
      columns.count, selecting(rows: columns, columns: columns).values, tolerance, nil, &pivot, &isDependent)
    return zip(columns, isDependent).filter { $0.1 != 0 }.map(\.0)
  }
}
