import CKernels
import Diagnostics

/// The singular value decomposition A = U diag(values) V', with the same bits on every machine.
///
/// A pivoted QR decomposition is followed by one-sided Jacobi rotations of the rows of R (Drmač and Veselić 2008), which
/// finds small singular values to as many digits as the columns of A determine them.
public struct SingularValues: Sendable {
  /// U [rows, r] with orthonormal columns, r = min(rows, columns).
  public let left: Matrix
  /// Singular values, descending, r of them.
  public let values: [Double]
  /// V [columns, r] with orthonormal columns.
  public let right: Matrix

  /// - Throws: `Failure` (numerical) when an entry is not finite or the rotations do not end.
  public init(_ matrix: Matrix) throws {
    if matrix.rows < matrix.columns {
      (right, values, left) = try Self.decompose(matrix.transposed)
    } else {
      (left, values, right) = try Self.decompose(matrix)
    }
  }

  /// The number of singular values above `tolerance` times the largest.
  public func rank(tolerance: Double? = nil) -> Int {
    let tolerance = tolerance ?? defaultTolerance
    return values.count { $0 > tolerance * values[0] }
  }

  /// The pseudo-inverse A⁺ = V diag(1 / values) U' [columns, rows] (Moore and Penrose), of the singular values above
  /// `tolerance` times the largest.
  public func pseudoInverse(tolerance: Double? = nil) -> Matrix {
    var scaled = right
    let rank = rank(tolerance: tolerance)
    for i in 0..<right.rows {
      for j in 0..<right.columns { scaled[i, j] = j < rank ? right[i, j] / values[j] : 0 }
    }
    return scaled * left.transposed
  }

  /// max(rows, columns) ε: what rounding alone may leave of a singular value that is zero.
  public var defaultTolerance: Double { Double(max(left.rows, right.rows)) * Double.ulpOfOne }
}

// MARK: - Tall matrices

extension SingularValues {
  /// A P = Q R, and G R = diag(values) W' with G orthogonal: A = (Q G') diag(values) (P W)'.
  private static func decompose(_ matrix: Matrix) throws -> (left: Matrix, values: [Double], right: Matrix) {
    let (scaled, unit) = try matrix.scaledNearOne(for: "singular values")
    let factors = try QRDecomposition(scaled)
    let count = matrix.columns
    var rows = factors.upper
    var rotations = rows
    guard giv_orthogonalize_rows(count, count, &rows.values, &rotations.values) == 0 else {
      throw Failure(.numerical, "the singular values of a matrix of \(count) columns did not converge; check the input")
    }
    let lengths = (0..<count).map { rows[row: $0].reduce(0) { $0 + $1 * $1 }.squareRoot() }
    let order = lengths.indices.sorted { (-lengths[$0], $0) < (-lengths[$1], $1) }
    var permuted = Matrix(rows: count, columns: count)
    for (j, row) in order.enumerated() where lengths[row] > 0 {
      for (i, place) in factors.permutation.enumerated() { permuted[place, j] = rows[row, i] / lengths[row] }
    }
    let ordered = rotations.selecting(rows: order, columns: Array(0..<count))
    let right = lengths.contains(0) ? try completed(permuted) : permuted
    return (factors.orthogonal * ordered.transposed, order.map { lengths[$0] * unit }, right)
  }

  /// The columns that are zero, which come last, replaced by unit vectors that are orthogonal to all others.
  private static func completed(_ matrix: Matrix) throws -> Matrix {
    let basis = try QRDecomposition(matrix, pivoting: false).orthogonal
    var result = matrix
    for j in 0..<matrix.columns where (0..<matrix.rows).allSatisfy({ matrix[$0, j] == 0 }) {
      for i in 0..<matrix.rows { result[i, j] = basis[i, j] }
    }
    return result
  }
}
