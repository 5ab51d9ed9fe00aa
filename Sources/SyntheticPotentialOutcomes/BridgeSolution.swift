import LinearAlgebra

/// The bridge equations of every arm, solved: functions of the outcome's proxies whose means are those of potential
/// outcomes.
///
///     M_t α_t = E[φ_Z y | t],   M_t A_t = E[φ_Z φ_X' y | t],   M_t = E[φ_Z φ_X' | t]
///
/// by the pseudo-inverse of rank k. With W the rows E[φ_X | u]', W α_t = E[Y_t | u] and W A_t = diag(E[Y_t | u]) W.
struct BridgeSolution: Sendable {
  /// α_t and A_t in whitened coordinates.
  let bridges: [[Double]]
  let operators: [Matrix]
  /// E[Y_t] = α_t·E[φ_X].
  let means: [Double]
  /// The singular values of N_t, those of M_t in whitened features.
  let singularValues: [[Double]]

  /// - Parameter rank: k; nil for the full pseudo-inverse.
  init(_ arms: WhitenedArms, rank: Int?) throws {
    let factors = try arms.cross.map { try SingularValues($0) }
    let inverses = factors.map { $0.pseudoInverse(rank: rank ?? $0.rank(tolerance: 1e-10)) }
    operators = zip(inverses, arms.outcomeCross).map { $0 * $1 }
    bridges = operators.map { $0 * arms.mean }
    means = bridges.map { dot($0, arms.mean) }
    singularValues = factors.map(\.values)
  }

  /// μ_0 … μ_count: μ_l = Σ_u P(u) R_u^l, by γ_1 = α_1 - α_0, γ_(l+1) = (A_1 - A_0) γ_l.
  func effectMoments(_ treated: Int, _ control: Int, count: Int, mean: [Double]) -> [Double] {
    let difference = operators[treated] - operators[control]
    var gamma = zip(bridges[treated], bridges[control]).map { $0 - $1 }
    var moments = [1.0]
    for _ in 0..<count {
      moments.append(dot(gamma, mean))
      gamma = difference * gamma
    }
    return moments
  }
}

extension SingularValues {
  /// The pseudo-inverse of the nearest matrix of a rank, V_k diag(1 / values) U_k'.
  func pseudoInverse(rank: Int) -> Matrix {
    var scaled = right
    for i in 0..<right.rows {
      for j in 0..<right.columns { scaled[i, j] = j < rank && values[j] > 0 ? right[i, j] / values[j] : 0 }
    }
    return scaled * left.transposed
  }
}
