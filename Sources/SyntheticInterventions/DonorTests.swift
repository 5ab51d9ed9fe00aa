import LinearAlgebra
import Statistics

extension PostPeriodFit {
  /// F = v₂c / v₃, v₂c = |Z (I - V V')|² / ((n - k) Σ_t (1 + |S⁻¹V'z_t|²)), on T1 (n - k) and (p - k)(n - k) degrees of
  /// freedom; cells that were filled count as none. Nil where a degree or noise is lacking.
  init?(_ model: ArmModel) {
    let (q, free) = (Double(model.path.rows), Double(model.donorCount - model.rank))
    let degrees = q * free - Double(model.missing.after)
    let degreesBefore = model.beforeDegrees(model.donorCount)
    guard degrees > 0, degreesBefore > 0, model.beforeResidual > 0 else { return nil }
    var leverages = 0.0
    for cell in 0..<model.path.rows {
      leverages += 1
      for j in 0..<model.rank { leverages += model.path[cell, j] * model.path[cell, j] }
    }
    let after = model.afterResiduals.reduce(0, +) / (free * leverages * degrees / (q * free))
    let test = FTest(
      statistic: after / (model.beforeResidual / degreesBefore), numerator: degrees, denominator: degreesBefore)
    self.init(f: test.statistic, p: test.pValue, df1: degrees, df2: degreesBefore)
  }
}

extension SubspaceInclusion {
  /// With t_j² = s_post,j² - σ₂² (n + q), r_l² = s_pre,l² - σ₁² (n + p) and A = V_pre'V_post, τ is about
  /// Σ_j q_j χ²(n - k₁), q_j = σ₂² / t_j² + σ₁² Σ_l A_lj² / r_l², and its critical value at .05
  /// (n - k₁) Σ q_j + z √(2 (n - k₁) Σ q_j²).
  ///
  /// - Throws: ``Failure`` numerical.
  init?(_ model: ArmModel, _ moments: ArmMoments) throws {
    let (p, q, n) = (model.beforeCount, model.path.rows, model.donorCount)
    guard n > 1 else { return nil }
    var gram = Matrix(rows: q, columns: q)
    for i in 0..<q {
      for j in 0..<q {
        let scale = model.scales[i % model.metricCount] * model.scales[j % model.metricCount]
        gram[i, j] = moments.products[1 + p + i, 1 + p + j] / scale
      }
    }
    let eigen = try SymmetricEigen(gram)
    let squares = (0..<min(q, n)).map { max(0, eigen.values[q - 1 - $0]) }
    guard squares[0] > 0, model.spectrum[0] > 0 else { return nil }
    k1 = model.seenRank
    k2 = RankRule.universalThreshold.rank(of: squares.map { $0.squareRoot() }, rows: q, columns: n)
    let vectors = eigen.vectors.selecting(rows: Array(0..<q), columns: (0..<k2).map { q - 1 - $0 })
    // V_pre'V_post = S⁻¹ U'E' U_F S_F⁻¹ = S B' U_F S_F⁻¹.
    let cross = model.path.transposed * vectors
    var shared = Matrix(rows: k1, columns: k2)
    for l in 0..<k1 {
      for j in 0..<k2 { shared[l, j] = cross[l, j] * (model.eigenvalues[l] / squares[j]).squareRoot() }
    }
    tau = Double(k2) - shared.values.reduce(0) { $0 + $1 * $1 }
    hasPower = model.periodCount >= 10 && k2 > 1
    let noise = (
      before: Self.noise(model.spectrum.map { $0 * $0 }, rank: k1, p, n), after: Self.noise(squares, rank: k2, q, n)
    )
    criticalValue = Self.criticalValue(
      shared, noise, before: model.spectrum.prefix(k1).map { $0 * $0 - noise.before * Double(n + p) },
      after: squares.prefix(k2).map { $0 - noise.after * Double(n + q) }, degrees: Double(n - k1))
  }

  private static func noise(_ squares: [Double], rank: Int, _ rows: Int, _ columns: Int) -> Double {
    squares.dropFirst(rank).reduce(0, +) / Double((rows - rank) * (columns - rank))
  }

  private static func criticalValue(
    _ shared: Matrix, _ noise: (before: Double, after: Double), before: [Double], after: [Double], degrees: Double
  ) -> Double? {
    guard noise.before.isFinite, noise.after.isFinite, degrees > 0, (before + after).allSatisfy({ $0 > 0 }) else {
      return nil
    }
    let shares = after.indices.map { j in
      noise.after / after[j]
        + noise.before * before.indices.reduce(0) { $0 + shared[$1, j] * shared[$1, j] / before[$1] }
    }
    let (sum, squares) = (shares.reduce(0, +), shares.reduce(0) { $0 + $1 * $1 })
    let value = degrees * sum + StandardNormal().quantile(0.95) * (2 * degrees * squares).squareRoot()
    return value > 0 ? value : nil
  }
}
