import LinearAlgebra

/// What a regression of one column on others uses of a Gram matrix Σ v c c': the products of the regressors x with
/// themselves and with the response y.
///
/// Columns are named by their index in c; weighted sums make a weighted regression.
public struct NormalEquations: Sendable, Equatable {
  /// Σ v x x' [p, p].
  public let gram: Matrix
  /// Σ v x y [p].
  public let crossProduct: [Double]
  /// Σ v y².
  public let squares: Double

  public init(_ gram: Matrix, regressors: [Int], response: Int) {
    self.gram = gram.selecting(rows: regressors, columns: regressors)
    crossProduct = regressors.map { gram[$0, response] }
    squares = gram[response, response]
  }

  /// Those of the last column on all before it.
  public init(ofLastColumn gram: Matrix) {
    self.init(gram, regressors: Array(0..<gram.columns - 1), response: gram.columns - 1)
  }

  /// Σ v (y - b'x)² for any coefficients b; rounding never makes it negative.
  public func residualSquares(of coefficients: [Double]) -> Double {
    let fitted = gram * coefficients
    var sum = squares
    for j in coefficients.indices { sum += coefficients[j] * (fitted[j] - 2 * crossProduct[j]) }
    return max(sum, 0)
  }
}
