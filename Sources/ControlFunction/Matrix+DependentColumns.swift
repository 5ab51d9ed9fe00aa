import LinearAlgebra

extension Matrix {
  /// The columns of this Gram matrix that depend linearly on those before them in `order`.
  ///
  /// - Parameter tolerance: the share of a column's square sum that those before it must leave unexplained.
  func dependentColumns(inOrder order: [Int], tolerance: Double) -> [Int] {
    var kept: [(column: Int, row: [Double])] = []
    var dependent: [Int] = []
    for column in order {
      // The row of the Cholesky factor, column by column of those kept.
      var row: [Double] = []
      row.reserveCapacity(kept.count + 1)
      var rest = self[column, column]
      for (other, factor) in kept {
        var value = self[column, other]
        for (index, entry) in row.enumerated() { value -= entry * factor[index] }
        value /= factor[row.count]
        row.append(value)
        rest -= value * value
      }
      if rest > tolerance * self[column, column] {
        kept.append((column, row + [rest.squareRoot()]))
      } else {
        dependent.append(column)
      }
    }
    return dependent
  }
}
