import LinearAlgebra
import Regression

/// The regression of the last column of a design, whatever it is, on those before it, over all rows as one group.
package struct PooledRegression: Sendable {
  package let coefficients: [Double]
  /// The mean square of the residuals.
  package let variance: Double

  /// - Parameters:
  ///   - pooled: the statistics of all rows as one group.
  ///   - name: of the regression, for the error.
  /// - Throws: ``DegenerateGroup`` when the rows are too few or columns depend linearly on each other.
  package init(_ pooled: SufficientStatistics, name: String) throws(DegenerateGroup) {
    let products = NormalEquations(ofLastColumn: pooled.gram(0))
    let count = pooled.count(0)
    try DegenerateGroup.require(count, atLeast: products.gram.rows + 1, .pooled(name))
    coefficients = try products.gram.factored(.pooled(name)).0.solve(products.crossProduct)
    variance = products.residualSquares(of: coefficients) / count
  }

  package var standardDeviation: Double { variance.squareRoot() }
  /// The coefficients and the variance.
  package var parameterCount: Int { coefficients.count + 1 }
}

extension Matrix {
  /// The leading block [order, order].
  package func leading(_ order: Int) -> Matrix {
    var block = Matrix(rows: order, columns: order)
    for i in 0..<order { for j in 0..<order { block[i, j] = self[i, j] } }
    return block
  }

  /// A Cholesky factor, after adding to the diagonal as little of itself as it takes; policy: 0, then 1e-10 times ten
  /// to the 0, 2, 4, 6 of each entry, then the fit is given up.
  ///
  /// - Parameter subject: whose matrix it is, for the error.
  package func factored(_ subject: DegenerateGroup.Subject) throws(DegenerateGroup) -> (Cholesky, ridge: Double) {
    for ridge in [0, 1e-10, 1e-8, 1e-6, 1e-4] {
      var raised = self
      for j in 0..<rows { raised[j, j] *= 1 + ridge }
      if let factor = try? Cholesky(raised) { return (factor, ridge) }
    }
    throw DegenerateGroup(subject, .singular)
  }
}
