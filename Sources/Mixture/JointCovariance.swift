import Diagnostics
import LinearAlgebra

/// The sandwich covariance of the parameters of a joint mixture at its maximum: A⁻¹ B A⁻¹.
///
/// A is the observed information by Louis (1982), Σ_i w [Σ_k γ_ik (-∂² log π_k f_k) - Σ_k γ_ik s_ik s_ik' + s_i s_i'],
/// and B = Σ_i w² s_i s_i'. It holds when errors are not normal or not of equal variance (Huber 1967, White 1982).
public struct JointCovariance: Sendable {
  public let parameters: JointParameters
  /// [q, q].
  public let matrix: Matrix
  /// ∂ log L at the parameters: near 0 at a maximum.
  let gradient: [Double]

  /// Two passes over the rows.
  ///
  /// - Throws: ``NotPositiveDefinite`` when the information is not, so that the point is no regular maximum; on all ranks
  ///   the same ``Failure`` when a pass fails.
  public init(_ model: JointMixture, on design: Design) throws {
    let statistics = try design.statistics(of: [model])[0]
    let parameters = JointParameters(model)
    let scores = try design.scores(of: model, parameters)
    let information = Self.information(model, statistics, scores)
    let inverse = try Cholesky(information, tolerance: 0)
    let half = inverse.solve(scores.squared.withoutConstant)
    matrix = inverse.solve(half.transposed)
    self.parameters = parameters
    gradient = Array(scores.weighted[row: 0].dropFirst())
  }

  /// The covariance of some parameters.
  public func block(_ indices: [Int]) -> Matrix {
    matrix.selecting(rows: indices, columns: indices)
  }

  public func standardErrors(_ indices: Range<Int>) -> [Double] {
    indices.map { max(matrix[$0, $0], 0).squareRoot() }
  }

  /// The standard error of Σ_j weights_j b_j.
  public func standardError(ofOutcomeCombination weights: [Double]) -> Double {
    block(Array(parameters.outcome)).quadraticForm(weights).squareRoot()
  }

  // MARK: The observed information

  static func information(
    _ model: JointMixture, _ statistics: SufficientStatistics, _ scores: JointScores
  ) -> Matrix {
    let parameters = scores.parameters
    var result = scores.weighted.withoutConstant
    for k in 0..<parameters.groups {
      let own = parameters.own(k)
      let complete = ownInformation(model, statistics.gram(k), group: k, shiftCount: parameters.shifts(k).count)
      let products = scores.own(k)
      for (a, i) in own.enumerated() {
        for (b, j) in own.enumerated() { result[i, j] += complete[a, b] - products[a + 1, b + 1] }
      }
      addShares(model, products, group: k, own: own, indices: parameters.logShares, to: &result)
    }
    return result
  }

  /// The score of log π_j / π_0 in group k is the constant 1{j = k} - π_j; its information n (diag π - ππ').
  private static func addShares(
    _ model: JointMixture, _ products: Matrix, group k: Int, own: [Int], indices: Range<Int>, to result: inout Matrix
  ) {
    let shares = scoresOfShares(model, group: k)
    let count = products[0, 0]
    for (j, column) in indices.enumerated() {
      for (a, row) in own.enumerated() {
        result[row, column] -= products[0, a + 1] * shares[j]
        result[column, row] = result[row, column]
      }
      for (i, row) in indices.enumerated() {
        let product = model.mixingWeights[i + 1] * model.mixingWeights[j + 1]
        let expected = (i == j ? model.mixingWeights[j + 1] : 0) - product
        result[row, column] += count * (expected - shares[i] * shares[j])
      }
    }
  }

  private static func scoresOfShares(_ model: JointMixture, group: Int) -> [Double] {
    (1..<model.groupCount).map { ($0 == group ? 1 : 0) - model.mixingWeights[$0] }
  }

  /// Σ γ (-∂² log f_k) in the parameters of group k, from its weighted Gram matrix.
  private static func ownInformation(_ model: JointMixture, _ gram: Matrix, group k: Int, shiftCount: Int) -> Matrix {
    let (shared, slopes, kappa) = (model.outcomeCoefficients.count, model.selectionCount, model.endogeneities[k])
    let precision = 1 / (model.outcomeDeviations[k] * model.outcomeDeviations[k])
    let selectionPrecision = 1 / (model.selectionDeviations[k] * model.selectionDeviations[k])
    let residual = model.selectionResidual(k)
    let (v, e) = (gram * residual, gram * model.outcomeResidual(k))
    let error = model.outcomeResidual(k)
    let shift = shared + 1
    let deviation = shift + shiftCount
    let beta = deviation + 1
    let spread = beta + slopes
    var result = Matrix(rows: spread + 1, columns: spread + 1)
    func set(_ i: Int, _ j: Int, _ value: Double) {
      result[i, j] = value
      result[j, i] = value
    }
    for i in 0..<shared {
      for j in 0..<shared { result[i, j] = precision * gram[i, j] }
      set(i, shared, precision * v[i])
      for j in 0..<shiftCount { set(i, shift + j, precision * gram[i, j]) }
      set(i, deviation, 2 * precision * e[i])
      for j in 0..<slopes { set(i, beta + j, -kappa * precision * gram[i, j]) }
    }
    set(shared, shared, precision * residual.dot(v))
    set(shared, deviation, 2 * precision * residual.dot(e))
    for i in 0..<shiftCount {
      set(shared, shift + i, precision * v[i])
      for j in 0..<shiftCount { result[shift + i, shift + j] = precision * gram[i, j] }
      set(shift + i, deviation, 2 * precision * e[i])
    }
    set(deviation, deviation, 2 * precision * error.dot(e))
    for i in 0..<slopes {
      set(shared, beta + i, precision * (e[i] - kappa * v[i]))
      for j in 0..<shiftCount { set(shift + j, beta + i, -kappa * precision * gram[j, i]) }
      set(deviation, beta + i, -2 * kappa * precision * e[i])
      for j in 0..<slopes {
        result[beta + i, beta + j] = (selectionPrecision + kappa * kappa * precision) * gram[i, j]
      }
      set(beta + i, spread, 2 * selectionPrecision * v[i])
    }
    set(spread, spread, 2 * selectionPrecision * residual.dot(v))
    return result
  }
}

extension Matrix {
  /// The block without row and column 0.
  var withoutConstant: Matrix {
    var block = Matrix(rows: rows - 1, columns: columns - 1)
    for i in 1..<rows { for j in 1..<columns { block[i - 1, j - 1] = self[i, j] } }
    return block
  }
}
