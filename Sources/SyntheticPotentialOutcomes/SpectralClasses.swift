import LinearAlgebra

extension LatentClasses {
  /// Directions in the plane of two arms' operators that are tried, and in the space of more.
  private static let planeDirections = 16
  private static let spaceDirections = 64

  /// The classes by common eigenvectors of the arms' operators.
  ///
  /// With V the first k canonical directions, N_t V B_t = W_t' E[y φ_Z φ_X' 1_t] W_X V by least squares, and B_t =
  /// S^-1 diag(E[Y_t | u]) S for one S in all arms. Of combinations of the B_t that whose real eigenvalues lie farthest
  /// apart gives S.
  ///
  /// - Throws: ``NoClasses`` when eigenvalues are complex in all directions or not distinct.
  static func spectral(_ arms: WhitenedArms, rank: Int) throws -> LatentClasses {
    let basis = arms.directions.prefix(columns: rank)
    let operators = try zip(arms.cross, arms.outcomeCross).map { cross, outcomeCross in
      try SingularValues(cross * basis).pseudoInverse() * (outcomeCross * basis)
    }
    guard let vectors = try commonVectors(operators) else { throw NoClasses(reason: .complex) }
    let singular = try SingularValues(vectors)
    guard singular.rank(tolerance: 1e-12) == rank else { throw NoClasses(reason: .degenerate) }
    let inverse = singular.pseudoInverse()
    let mean = basis.transposed * arms.mean
    let scales = inverse * mean
    guard scales.allSatisfy({ $0 != 0 }) else { throw NoClasses(reason: .degenerate) }
    let weights = vectors.transposed * mean
    let rows = inverse * basis.transposed
    return LatentClasses(
      shares: zip(weights, scales).map { $0 * $1 },
      means: operators.map { (inverse * $0 * vectors).diagonal },
      features: (0..<rank).map { u in rows[row: u].map { $0 / scales[u] } })
  }

  /// Eigenvectors of the combination whose eigenvalues are real and lie farthest apart; nil when none has real ones.
  private static func commonVectors(_ operators: [Matrix]) throws -> Matrix? {
    var best: (gap: Double, eigen: GeneralEigen)?
    for direction in directions(operators.count) {
      var combination = direction[0] * operators[0]
      for t in 1..<operators.count { combination = combination + direction[t] * operators[t] }
      let eigen = try GeneralEigen(combination)
      guard eigen.isReal else { continue }
      let values = eigen.values.map(\.real)
      let gap = zip(values, values.dropFirst()).reduce(Double.infinity) { min($0, $1.1 - $1.0) }
      if gap > best?.gap ?? -1 { best = (gap, eigen) }
    }
    return try best?.eigen.realVectors()
  }

  /// Unit vectors with an entry for each arm: spread evenly over half a circle, or drawn.
  private static func directions(_ armCount: Int) -> [[Double]] {
    guard armCount > 2 else {
      return (0..<planeDirections).map { index in
        let (sine, cosine) = Elementary.sinCos((Double(index) + 0.5) * .pi / Double(planeDirections))
        return [sine, cosine]
      }
    }
    let random = CounterRandom(seed: 0, stream: .armDirections)
    return (0..<spaceDirections).map { index in
      let vector = (0..<armCount).map { random.normal(row: index, draw: $0) }
      let length = dot(vector, vector).squareRoot()
      return vector.map { $0 / length }
    }
  }
}
