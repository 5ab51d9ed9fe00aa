import LinearAlgebra

/// Ridge regression with a free constant: min Σ v (y - a - b'x)² + penalty |b|² (Hoerl and Kennard 1970).
public struct Ridge: Sendable, Equatable {
  /// a.
  public let constant: Double
  /// b, in the order of the regressors.
  public let slopes: [Double]

  /// - Parameters:
  ///   - gram: Σ v c c' of columns c with a constant among them.
  ///   - regressors: The columns x, without the constant.
  ///   - penalty: Not negative, in the unit of Σ v x².
  /// - Throws: ``NotPositiveDefinite`` that names a column which is constant or not finite when the penalty does not
  ///   help; nearly dependent ones are left to the penalty.
  public init(
    _ gram: Matrix, regressors: [Int], response: Int, constant: Int = 0, penalty: Double
  ) throws(NotPositiveDefinite) {
    let count = gram[constant, constant]
    func centred(_ i: Int, _ j: Int) -> Double {
      gram[i, j] - gram[constant, i] * gram[constant, j] / count
    }
    var normal = Matrix(rows: regressors.count, columns: regressors.count)
    for (a, i) in regressors.enumerated() {
      for (b, j) in regressors.enumerated() { normal[a, b] = centred(i, j) }
      normal[a, a] += penalty
    }
    do {
      slopes = try Cholesky(normal, tolerance: 0).solve(regressors.map { centred($0, response) })
    } catch {
      throw NotPositiveDefinite(column: regressors[error.column], pivot: error.pivot)
    }
    var rest = gram[constant, response]
    for (slope, column) in zip(slopes, regressors) { rest -= slope * gram[constant, column] }
    self.constant = rest / count
  }

  /// (a, b), as ``NormalEquations/residualSquares(of:)`` of the constant and the regressors takes them: the error on
  /// these rows, or on others.
  public var coefficients: [Double] { [constant] + slopes }
}
