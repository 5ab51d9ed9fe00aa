import Communication
import Diagnostics
import InstrumentalVariables
import LinearAlgebra

/// What the errors of estimated groups add to the covariances of estimates (Newey and McFadden 1994, theorem 6.1).
///
/// ```
/// ∂b/∂I_i: instruments of single rows             InstrumentDerivatives
///   -> ∂b/∂Z_i: groups of single rows             GroupDerivatives
///   -> ∂b/∂θ = Σ_i ∂b/∂Z_i ∂Z_i/∂θ                GroupEstimation
///   -> F = ∂b/∂θ A⁻¹
///   -> Σ_i (ψ ℓ' + ℓ ψ' + ℓ ℓ'), ℓ_i = F s_i      InstrumentalRegression
/// ```
/// ψ_i is what row i moves b by with the groups given; form, folds and controls are kept. Four passes, whatever the number
/// of parameters, since the chain rule is followed from the coefficients to the rows.
struct StackedErrors {
  /// A matrix [q, q] for each method.
  let additions: [Matrix]

  /// - Parameters:
  ///   - regression: of the design with its own groups.
  ///   - methods: with the covariance of each, HC0, HC1 or clusters.
  /// - Throws: on all ranks the same ``Failure`` when a chunk cannot be read.
  init(
    _ estimation: any GroupEstimation, _ design: EffectDesign, _ functions: OutcomeFunctions,
    _ regression: InstrumentalRegression, _ methods: [(InstrumentalEstimator, InstrumentalCovariance)]
  ) throws {
    // Groups have no part in ordinary regression.
    let places = methods.indices.filter { methods[$0].0 != .ordinary }
    var additions = methods.map { _ in Matrix(rows: functions.count, columns: functions.count) }
    if !places.isEmpty {
      let rows = design.rows([functions], design.instruments(functions))
      let groups = try GroupDerivatives(rows, regression, places.map { methods[$0] })
      let derivatives = try estimation.derivatives(of: groups.count, over: rows.rows, groups.gradient)
      let influence = estimation.influence(ofDerivatives: derivatives)
      let found = try regression.covarianceAdditions(
        places.map { methods[$0].0 }, places.map { methods[$0].1 }, of: rows
      ) { chunk, values, stride in
        try estimation.fill(influence, chunk: chunk, into: values, stride: stride)
      }
      for (place, matrix) in zip(places, found) { additions[place] = matrix }
    }
    self.additions = additions
  }
}
