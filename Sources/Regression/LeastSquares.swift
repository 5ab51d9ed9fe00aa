import LinearAlgebra

/// Least squares of one column on others from their Gram matrix: b = (Σ v x x')⁻¹ Σ v x y.
public struct LeastSquares: LinearFit {
  public let regressors: [Int]
  public let coefficients: [Double]
  /// (Σ v x x')⁻¹.
  public let bread: Matrix
  public let residualSquares: Double
  public let rowCount: Double
  /// 1 - Σ v u² / Σ v (y - ȳ)², with ȳ = 0 when the constant is not among the regressors.
  public let rSquared: Double
  public let scores: RegressionScores

  /// - Parameters:
  ///   - gram: Σ v c c' of columns c with a constant among them.
  ///   - regressors: The columns x; the constant is one of them only when it is named.
  ///   - constant: The column of ones.
  /// - Throws: ``NotPositiveDefinite`` that names the first regressor that depends on those before it.
  public init(
    _ gram: Matrix, regressors: [Int], response: Int, constant: Int = 0
  ) throws(NotPositiveDefinite) {
    let equations = NormalEquations(gram, regressors: regressors, response: response)
    let factor = try gram.factor(of: regressors)
    self.regressors = regressors
    coefficients = factor.solve(equations.crossProduct)
    bread = factor.inverse
    residualSquares = equations.residualSquares(of: coefficients)
    rowCount = gram[constant, constant]
    let mean = regressors.contains(constant) ? gram[constant, response] / rowCount : 0
    rSquared = 1 - residualSquares / (equations.squares - rowCount * mean * mean)
    scores = RegressionScores(
      regressors: Matrix.selection(of: regressors, among: gram.columns),
      residual: Matrix.residualForm(coefficients, regressors, response: response, columns: gram.columns),
      leverage: bread)
  }
}

extension Matrix {
  /// The matrix [columns.count, count] that picks columns out of a row c.
  static func selection(of columns: [Int], among count: Int) -> Matrix {
    var result = Matrix(rows: columns.count, columns: count)
    for (row, column) in columns.enumerated() { result[row, column] = 1 }
    return result
  }

  /// r with r'c = y - b'x.
  static func residualForm(_ coefficients: [Double], _ regressors: [Int], response: Int, columns: Int) -> [Double] {
    var form = Array(repeating: 0.0, count: columns)
    form[response] = 1
    for (column, coefficient) in zip(regressors, coefficients) { form[column] -= coefficient }
    return form
  }
}
