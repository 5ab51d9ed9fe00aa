import LinearAlgebra

/// Ridge regressions (A + μ)⁻¹ B for every penalty μ, by one decomposition A = U diag(d) U': penalties divide.
struct RidgePath: Sendable {
  /// d, not below 0.
  private let values: [Double]
  private let vectors: Matrix
  /// U'B.
  private let right: Matrix

  /// - Throws: ``Failure`` (numerical) when an entry is not finite.
  init(_ gram: Matrix, _ right: Matrix) throws {
    let eigen = try SymmetricEigen(gram)
    values = eigen.values.map { max(0, $0) }
    vectors = eigen.vectors
    self.right = vectors.transposed * right
  }

  /// (A + μ)⁻¹ B.
  func solution(_ penalty: Double) -> Matrix {
    var scaled = right
    for i in 0..<right.rows {
      for j in 0..<right.columns { scaled[i, j] = right[i, j] / (values[i] + penalty) }
    }
    return vectors * scaled
  }

  /// Σ |p - V'q|² over rows with the products Q'Q, Q'P and Σ |p|², for the solution V of each penalty.
  func errors(at penalties: [Double], gram: Matrix, cross: Matrix, squares: Double) -> [Double] {
    let rotated = vectors.transposed * gram * vectors
    let both = right * right.transposed
    let turned = vectors.transposed * cross
    let products = (0..<right.rows).map { i in
      (0..<right.columns).reduce(0.0) { $0 + turned[i, $1] * right[i, $1] }
    }
    let quadratic = Matrix(
      rows: rotated.rows, columns: rotated.columns, values: zip(rotated.values, both.values).map { $0 * $1 })
    return penalties.map { penalty in
      let factors = values.map { 1 / ($0 + penalty) }
      let image = quadratic * factors
      return factors.indices.reduce(squares) { $0 + factors[$1] * (image[$1] - 2 * products[$1]) }
    }
  }
}

extension [Double] {
  /// The place of the least number, the first of equals; those that are not numbers are passed over.
  var placeOfLeast: Int? { indices.filter { !self[$0].isNaN }.min { self[$0] < self[$1] } }
}

extension Matrix {
  var trace: Double { diagonal.reduce(0, +) }
  /// A column.
  init(column: [Double]) { self.init(rows: column.count, columns: 1, values: column) }
}
