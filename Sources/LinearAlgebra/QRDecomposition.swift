import CKernels

/// The decomposition A P = Q R by Householder reflections, with the same bits on every machine.
public struct QRDecomposition: Sendable {
  /// Q [rows, r] with orthonormal columns, r = min(rows, columns).
  public let orthogonal: Matrix
  /// R [r, columns], zero below the diagonal.
  public let upper: Matrix
  /// Column j of A P is column `permutation[j]` of A.
  public let permutation: [Int]

  /// Decomposes `matrix` [rows, columns]: 4 rows columns r operations or less.
  ///
  /// - Parameter pivoting: whether the column of which most is left comes next, the first of equals; the diagonal of R
  ///   then falls in magnitude. Otherwise P is the identity.
  /// - Throws: `Failure` (numerical) when an entry is not finite.
  public init(_ matrix: Matrix, pivoting: Bool = true) throws {
    let (scaled, unit) = try matrix.scaledNearOne(for: "a QR decomposition")
    let count = min(matrix.rows, matrix.columns)
    var orthogonal = Matrix(rows: matrix.rows, columns: count)
    var upper = Matrix(rows: count, columns: matrix.columns)
    var permutation = [Int](repeating: 0, count: matrix.columns)
    giv_qr(
      matrix.rows, matrix.columns, scaled.values, pivoting ? 1 : 0, &orthogonal.values, &upper.values, &permutation)
    self.orthogonal = orthogonal
    self.upper = unit * upper
    self.permutation = permutation
  }
}
