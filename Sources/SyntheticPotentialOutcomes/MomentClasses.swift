import LinearAlgebra

extension LatentClasses {
  /// The classes from the moments of the effect of one contrast.
  ///
  /// The effects R_u are the generalised eigenvalues of the Hankel matrices (μ_(i+j+1)) and (μ_(i+j)), or the roots of
  /// the polynomial whose coefficients solve (μ_(i+j)) a = -(μ_(k+i)); shares solve Σ_u P(u) R_u^l = μ_l. What else is
  /// known of the classes follows from Krylov vectors: with Δ = A_1 - A_0, E[φ_X]'A_t γ_l = Σ_u P(u) E[Y_t|u] R_u^l and
  /// (Δ')^l E[φ_X] = Σ_u P(u) R_u^l E[φ_X | u].
  ///
  /// - Throws: ``NoClasses`` when effects are complex or not distinct.
  static func moments(
    _ arms: WhitenedArms, _ bridge: BridgeSolution, rank: Int, contrast: (treated: Int, control: Int),
    byRoots: Bool
  ) throws -> LatentClasses {
    let moments = bridge.effectMoments(contrast.treated, contrast.control, count: 2 * rank - 1, mean: arms.mean)
    let effects = try effects(moments, rank, byRoots: byRoots)
    let powers = Matrix((0..<rank).map { l in effects.map { Elementary.power($0, l) } })
    let singular = try SingularValues(powers)
    guard singular.rank(tolerance: 1e-14) == rank else { throw NoClasses(reason: .degenerate) }
    let inverse = singular.pseudoInverse(tolerance: 0)
    let shares = inverse * Array(moments[..<rank])
    guard shares.allSatisfy({ $0 != 0 }) else { throw NoClasses(reason: .degenerate) }

    let difference = bridge.operators[contrast.treated] - bridge.operators[contrast.control]
    var right = [arms.mean]
    var left = [arms.mean]
    for _ in 1..<rank {
      right.append(difference * right[right.count - 1])
      left.append(difference.transposed * left[left.count - 1])
    }
    let means = bridge.operators.map { armOperator in
      zip(inverse * right.map { dot(arms.mean, armOperator * $0) }, shares).map { $0 / $1 }
    }
    let features = inverse * Matrix(left)
    return LatentClasses(
      shares: shares, means: means, features: (0..<rank).map { u in features[row: u].map { $0 / shares[u] } })
  }

  private static func effects(_ moments: [Double], _ rank: Int, byRoots: Bool) throws -> [Double] {
    func hankel(_ first: Int) -> Matrix { Matrix((0..<rank).map { i in (0..<rank).map { moments[first + i + $0] } }) }
    let singular = try SingularValues(hankel(0))
    guard singular.rank() == rank else { throw NoClasses(reason: .degenerate) }
    let eigen: GeneralEigen
    if byRoots {
      let coefficients = singular.pseudoInverse() * (0..<rank).map { -moments[rank + $0] }
      // The companion matrix of x^k + a_(k-1) x^(k-1) + … + a_0.
      var companion = Matrix(rows: rank, columns: rank)
      for i in 0..<rank {
        if i > 0 { companion[i, i - 1] = 1 }
        companion[i, rank - 1] = -coefficients[i]
      }
      eigen = try GeneralEigen(companion)
    } else {
      eigen = try GeneralEigen(hankel(1), hankel(0))
    }
    guard eigen.isReal else { throw NoClasses(reason: .complex) }
    return eigen.values.map(\.real)
  }
}
