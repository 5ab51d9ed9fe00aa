import Communication

/// The sums over rows of w, of w (v - pivot) and of w (v - pivot)² for each of some columns v.
package struct WeightedMoments: Reducible {
  /// The places of Σ w, Σ w (v - pivot) and Σ w (v - pivot)².
  package let weight: Int
  package let sums: PackedVector
  package let squares: PackedVector
  package var summands: [Double]

  package init(columns: Int) {
    var packing = Packing()
    weight = packing.number()
    sums = packing.vector(columns)
    squares = packing.vector(columns)
    summands = packing.zeros
  }

  /// The mean of a column, less its pivot.
  package func shift(_ column: Int) -> Double { summands[sums[column]] / summands[weight] }

  /// The variance of a column, divided by the sum of weights; rounding may leave it below 0.
  package func variance(_ column: Int) -> Double {
    let shift = shift(column)
    return summands[squares[column]] / summands[weight] - shift * shift
  }
}
