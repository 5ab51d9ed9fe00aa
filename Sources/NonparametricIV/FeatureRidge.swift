import Diagnostics
import LinearAlgebra

/// The ridge regression of targets on features, B = (Σ w f f' + λ n)⁻¹ Σ w f v' with n = Σ w.
package struct FeatureRidge: Sendable {
  /// B [features, targets].
  package let coefficients: Matrix
  /// Σ w.
  let weight: Double
  /// (Σ w |v - B'f|² + λ n |B|²) / n, of which B is the minimum.
  let loss: Double
  private let factor: Cholesky

  /// - Parameters:
  ///   - gram: Σ w c c' of c = (features, targets), the first feature 1.
  ///   - penalty: λ > 0.
  /// - Throws: ``Failure`` (numerical) when a sum is not finite.
  init(gram: Matrix, featureCount: Int, penalty: Double) throws {
    let targetCount = gram.rows - featureCount
    var squares = Matrix(rows: featureCount, columns: featureCount)
    var products = Matrix(rows: featureCount, columns: targetCount)
    weight = gram[0, 0]
    for i in 0..<featureCount {
      for j in 0..<featureCount { squares[i, j] = gram[i, j] }
      for j in 0..<targetCount { products[i, j] = gram[i, featureCount + j] }
      squares[i, i] += penalty * weight
    }
    do { factor = try Cholesky(squares) } catch { throw Failure.divergence }
    coefficients = factor.solve(products)
    let targets = (featureCount..<gram.rows).reduce(0) { $0 + gram[$1, $1] }
    let explained = zip(coefficients.values, products.values).reduce(0) { $0 + $1.0 * $1.1 }
    loss = (targets - explained) / weight
  }

  /// The slope of a loss in Σ w f v', given that in B, features fixed: (Σ w f f' + λ n)⁻¹ times it.
  func adjoint(_ slopes: Matrix) -> Matrix { factor.solve(slopes) }
}
