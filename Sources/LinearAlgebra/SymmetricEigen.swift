import COpenBLAS
import Diagnostics

/// The eigenvalues and eigenvectors of a symmetric matrix, A = V diag(values) V'.
public struct SymmetricEigen: Sendable {
  /// Eigenvalues, ascending.
  public let values: [Double]
  /// V: column j is the unit eigenvector of `values[j]`; its largest entry by magnitude is positive.
  public let vectors: Matrix

  /// Decomposes `matrix` by LAPACK's dsyevd; only its lower triangle is read.
  ///
  /// - Throws: ``Failure`` (numerical) when an entry is not finite or the iteration does not converge.
  public init(_ matrix: Matrix) throws {
    precondition(matrix.isSquare, "a symmetric matrix is square")
    guard matrix.values.allSatisfy(\.isFinite) else {
      throw Failure(.numerical, "eigenvalues asked of a matrix with an entry that is not finite; check the input")
    }
    var vectors = matrix
    var values = [Double](repeating: 0, count: matrix.rows)
    if matrix.rows > 0 { try Self.decompose(&vectors.values, &values) }
    self.values = values
    self.vectors = Self.signed(vectors).transposed
  }

  /// Leaves the eigenvectors as the rows of `matrix`, for LAPACK's columns are our rows.
  private static func decompose(_ matrix: inout [Double], _ values: inout [Double]) throws {
    var order = Int32(values.count)
    var status: Int32 = 0
    var workCount = Int32(1 + 6 * values.count + 2 * values.count * values.count)
    var integerWorkCount = Int32(3 + 5 * values.count)
    var work = [Double](repeating: 0, count: Int(workCount))
    var integerWork = [Int32](repeating: 0, count: Int(integerWorkCount))
    dsyevd_(
      "V", "U", &order, &matrix, &order, &values, &work, &workCount, &integerWork, &integerWorkCount, &status)
    guard status == 0 else {
      throw Failure(.numerical, "dsyevd did not converge on a matrix of order \(values.count) (status \(status))")
    }
  }

  private static func signed(_ vectors: Matrix) -> Matrix {
    var result = vectors
    for i in 0..<vectors.rows {
      let largest = vectors[row: i].max { abs($0) < abs($1) } ?? 0
      if largest < 0 {
        for j in 0..<vectors.columns { result[i, j] = -vectors[i, j] }
      }
    }
    return result
  }
}
