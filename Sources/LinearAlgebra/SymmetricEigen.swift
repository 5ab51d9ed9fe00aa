import CKernels
import Diagnostics

/// The eigenvalues and eigenvectors of a symmetric matrix, A = V diag(values) V', with the same bits on every machine.
public struct SymmetricEigen: Sendable {
  /// Eigenvalues, ascending.
  public let values: [Double]
  /// V: column j is the unit eigenvector of `values[j]`; its largest entry by magnitude is positive.
  public let vectors: Matrix

  /// Decomposes `matrix` by Householder reflections and the implicit QL iteration; only its lower triangle is read.
  ///
  /// - Throws: ``Failure`` (numerical) when an entry is not finite or the iteration does not converge.
  public init(_ matrix: Matrix) throws {
    precondition(matrix.isSquare, "a symmetric matrix is square")
    let (scaled, unit) = try matrix.scaledNearOne(for: "eigenvalues")
    var rows = matrix
    var values = [Double](repeating: 0, count: matrix.rows)
    guard giv_symmetric_eigen(matrix.rows, scaled.values, &values, &rows.values) == 0 else {
      throw Failure(.numerical, "the eigenvalues of a matrix of order \(matrix.rows) did not converge; check the input")
    }
    self.values = values.map { $0 * unit }
    vectors = Self.signed(rows).transposed
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

extension Matrix {
  /// The matrix over a power of two that brings its largest entry near 1, so that no square leaves the range of numbers,
  /// and that power.
  ///
  /// - Parameter purpose: what is asked of the matrix, for the message.
  /// - Throws: ``Failure`` (numerical) when an entry is not finite.
  func scaledNearOne(for purpose: String) throws -> (matrix: Matrix, unit: Double) {
    guard values.allSatisfy(\.isFinite) else {
      throw Failure(.numerical, "\(purpose) asked of a matrix with an entry that is not finite; check the input")
    }
    let largest = largestMagnitude
    guard largest > 0 else { return (self, 1) }
    // The power and its reciprocal are both normal numbers.
    let exponent = max(-1000, min(1000, Int(largest.exponent)))
    let unit = Double(sign: .plus, exponent: exponent, significand: 1)
    return (Matrix(rows: rows, columns: columns, values: values.map { $0 / unit }), unit)
  }
}
