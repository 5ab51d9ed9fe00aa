import Diagnostics
import LinearAlgebra

/// Ridge regression with a free constant: min Σ (t - a - b'f)² + penalty |b|².
struct Ridge {
  let constant: Double
  let slopes: [Double]

  /// - Parameter gram: Σ c c' of c = (1, f, t).
  init(_ gram: Matrix, penalty: Double) throws {
    let p = gram.columns - 2
    let count = gram[0, 0]
    var normal = Matrix(rows: p, columns: p)
    for i in 0..<p {
      for j in 0..<p { normal[i, j] = gram.covariance(i + 1, j + 1) * count }
      normal[i, i] += penalty
    }
    let right = (0..<p).map { gram.covariance($0 + 1, p + 1) * count }
    do {
      // The penalty keeps this positive definite; monomials may still be nearly dependent.
      slopes = try Cholesky(normal, tolerance: 0).solve(right)
    } catch {
      throw Failure.ofOneFit(
        .numerical,
        "the polynomial representation has no ridge solution at penalty \(penalty): \(error); "
          + "rescale the covariates or choose --representation spline")
    }
    var constant = gram[0, p + 1] / count
    for i in 0..<p { constant -= slopes[i] * gram[0, i + 1] / count }
    self.constant = constant
  }
}

extension Matrix {
  /// The covariance of columns i and j of c from this Gram matrix of c = (1, …).
  func covariance(_ i: Int, _ j: Int) -> Double {
    (self[i, j] - self[0, i] * self[0, j] / self[0, 0]) / self[0, 0]
  }

  /// The mean squared error of a fit on the rows of this Gram matrix of c = (1, f, t).
  func meanSquaredError(of fit: Ridge) -> Double {
    let weights = [-fit.constant] + fit.slopes.map { -$0 } + [1]
    let product = self * weights
    return zip(weights, product).reduce(0) { $0 + $1.0 * $1.1 } / self[0, 0]
  }
}
