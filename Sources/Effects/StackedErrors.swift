import Communication
import Diagnostics
import InstrumentalVariables
import LinearAlgebra

/// What the errors of estimated groups add to the covariances of estimates (Newey and McFadden 1994, theorem 6.1).
///
/// ```
/// θ ± step -> groups -> index -> instruments -> coefficients     for each parameter: ∂b/∂θ
///   -> F = ∂b/∂θ A⁻¹                                             GroupEstimation
///   -> Σ_i (ψ ℓ' + ℓ ψ' + ℓ ℓ'), ℓ_i = F s_i                     InstrumentalRegression
/// ```
/// ψ_i is what row i moves b by with the groups given; form, folds and controls are kept. Two regressions per parameter.
struct StackedErrors {
  /// The step of differences, in the units of parameters: far below their standard errors, far above rounding.
  private static let step = 1e-3

  /// A matrix [q, q] for each method.
  let additions: [Matrix]

  /// - Parameters:
  ///   - regression: of the design with its own groups.
  ///   - methods: with the covariance of each, HC0, HC1 or clusters.
  /// - Throws: on all ranks the same ``Failure`` when the moved groups give no coefficients or a chunk cannot be read.
  init(
    _ estimation: any GroupEstimation, _ design: EffectDesign, _ functions: OutcomeFunctions,
    _ regression: InstrumentalRegression, _ methods: [(InstrumentalEstimator, InstrumentalCovariance)]
  ) throws {
    let estimators = methods.map(\.0)
    func coefficients(_ parameter: Int, _ step: Double) throws -> [Double] {
      let moved = try design.replacing(groups: estimation.moved(parameter, by: step))
      let regression = try InstrumentalRegression(moved.rows([functions], moved.instruments(functions)))
      return try estimators.flatMap { try regression.estimate($0).coefficients }
    }
    var derivatives = Matrix(rows: estimators.count * functions.count, columns: estimation.parameterCount)
    for parameter in 0..<estimation.parameterCount {
      let (above, below) = (try coefficients(parameter, Self.step), try coefficients(parameter, -Self.step))
      for row in above.indices { derivatives[row, parameter] = (above[row] - below[row]) / (2 * Self.step) }
    }
    let influence = estimation.influence(ofDerivatives: derivatives)
    additions = try regression.covarianceAdditions(
      estimators, methods.map(\.1), of: design.rows([functions], design.instruments(functions))
    ) { chunk, values, stride in
      try estimation.fill(influence, chunk: chunk, into: values, stride: stride)
    }
  }
}
