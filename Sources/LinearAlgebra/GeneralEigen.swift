import Diagnostics

/// The eigenvalues of a real square matrix, A v = λ v, with the same bits on every machine.
///
/// The matrix is brought to Hessenberg form by Householder reflections, and its eigenvalues are split off by Francis's
/// double-shift QR steps (EISPACK's `hqr`; Smith et al. 1976).
public struct GeneralEigen: Sendable {
  /// A real eigenvalue, or one of a conjugate pair.
  public struct Value: Sendable, Equatable {
    public let real: Double
    public let imaginary: Double
  }

  /// Ascending by real part, then by imaginary part.
  public let values: [Value]
  private let matrix: Matrix

  /// - Throws: ``Failure`` (numerical) when an entry is not finite or the iteration does not converge.
  public init(_ matrix: Matrix) throws {
    precondition(matrix.isSquare, "eigenvalues are of a square matrix")
    let (scaled, unit) = try matrix.scaledNearOne(for: "eigenvalues")
    var iteration = FrancisIteration(scaled.hessenberg)
    guard iteration.run() else {
      throw Failure(.numerical, "the eigenvalues of a matrix of order \(matrix.rows) did not converge; check the input")
    }
    values = iteration.values.map { Value(real: $0.real * unit, imaginary: $0.imaginary * unit) }
      .sorted { ($0.real, $0.imaginary) < ($1.real, $1.imaginary) }
    self.matrix = matrix
  }

  /// The eigenvalues of the pencil A v = λ B v.
  ///
  /// - Throws: ``Failure`` (numerical) as for a matrix, and when B has no inverse.
  public init(_ matrix: Matrix, _ right: Matrix) throws {
    precondition(
      matrix.isSquare && right.isSquare && matrix.rows == right.rows, "a pencil is of two matrices of one order")
    let singular = try SingularValues(right)
    guard singular.rank() == right.rows else {
      throw Failure(.numerical, "the second matrix of a pencil has no inverse; check the input")
    }
    try self.init(singular.pseudoInverse() * matrix)
  }

  /// Whether all eigenvalues are real.
  public var isReal: Bool { values.allSatisfy { $0.imaginary == 0 } }

  /// V: column j is a unit eigenvector of `values[j]`, the right singular vector of A - λ I of the least singular value.
  ///
  /// - Precondition: all eigenvalues are real.
  /// - Throws: ``Failure`` (numerical) when the singular values do not converge.
  public func realVectors() throws -> Matrix {
    precondition(isReal, "complex eigenvalues have complex eigenvectors")
    let order = matrix.rows
    var vectors = Matrix(rows: order, columns: order)
    for (j, value) in values.enumerated() {
      let null = try SingularValues(matrix - value.real * Matrix.identity(order)).right
      for i in 0..<order { vectors[i, j] = null[i, order - 1] }
    }
    return vectors
  }
}

extension Matrix {
  /// Q'A Q with zeros below the first subdiagonal, Q orthogonal.
  fileprivate var hessenberg: Matrix {
    var result = self
    for column in 0..<max(0, rows - 2) {
      var reflector = [Double](repeating: 0, count: rows)
      for i in column + 1..<rows { reflector[i] = result[i, column] }
      let length = reflector.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard length > 0 else { continue }
      reflector[column + 1] += reflector[column + 1] < 0 ? -length : length
      let square = reflector.reduce(0) { $0 + $1 * $1 }
      result.reflectRows(reflector, square)
      result.reflectColumns(reflector, square)
      for i in column + 2..<rows { result[i, column] = 0 }
    }
    return result
  }

  /// (I - 2 v v' / v'v) A.
  private mutating func reflectRows(_ v: [Double], _ square: Double) {
    for j in 0..<columns {
      var sum = 0.0
      for i in 0..<rows { sum += v[i] * self[i, j] }
      for i in 0..<rows { self[i, j] -= 2 * sum / square * v[i] }
    }
  }

  /// A (I - 2 v v' / v'v).
  private mutating func reflectColumns(_ v: [Double], _ square: Double) {
    for i in 0..<rows {
      var sum = 0.0
      for j in 0..<columns { sum += self[i, j] * v[j] }
      for j in 0..<columns { self[i, j] -= 2 * sum / square * v[j] }
    }
  }
}
