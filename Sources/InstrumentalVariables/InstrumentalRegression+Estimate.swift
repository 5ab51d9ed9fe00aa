import Diagnostics
import LinearAlgebra
import Regression

extension InstrumentalRegression {
  /// Coefficients in the units of the sums.
  struct Slopes {
    let coefficients: [Double]
    /// [q, q].
    let covariance: Matrix
    var k: Double?
  }

  /// Estimates b with its covariance: algebra on the sums, no pass over the rows.
  ///
  /// - Throws: ``CovarianceUnavailable`` when no theory gives this covariance; ``Failure`` (data) that names an endogenous
  ///   column which the instruments do not identify; (numerical) when moments have no variance matrix.
  public func estimate(
    _ estimator: InstrumentalEstimator, covariance kind: InstrumentalCovariance = .hc0
  ) throws -> InstrumentalEstimate {
    try requireClusterings(estimator, kind)
    let slopes = try slopes(estimator, kind)
    var covariance = slopes.covariance
    for i in 0..<endogenousCount { for j in 0..<endogenousCount { covariance[i, j] *= slopeUnits[i] * slopeUnits[j] } }
    let coefficients = zip(slopes.coefficients, slopeUnits).map { $0 * $1 }
    return InstrumentalEstimate(
      estimator: estimator, covarianceKind: kind, names: names.endogenous, coefficients: coefficients,
      covariance: covariance, controlCoefficients: controlCoefficients(slopes.coefficients), k: slopes.k,
      degreesOfFreedom: fewClusters(kind).map { Double($0 - 1) })
  }

  private func requireClusterings(_ estimator: InstrumentalEstimator, _ kind: InstrumentalCovariance) throws {
    guard case .clustered(let indices) = kind else { return }
    let isKnown = (1...2).contains(indices.count) && Set(indices).count == indices.count
    guard isKnown, indices.allSatisfy(clusterings.indices.contains) else {
      throw CovarianceUnavailable(estimator: estimator, covariance: kind)
    }
  }

  func slopes(_ estimator: InstrumentalEstimator, _ kind: InstrumentalCovariance) throws -> Slopes {
    switch estimator {
    case .ordinary: try ordinary(kind)
    case .kClass(let member): try kClass(member, kind)
    case .hful:
      if kind == .hc0 { try hful() } else { throw CovarianceUnavailable(estimator: estimator, covariance: kind) }
    case .jive, .ujive:
      if kind == .hc0 {
        try jackknife(estimator == .jive ? 0 : 1)
      } else {
        throw CovarianceUnavailable(estimator: estimator, covariance: kind)
      }
    case .gmm: try generalisedMoments(kind)
    }
  }

  /// u as a form of r: (-b, 1).
  static func residual(_ coefficients: [Double]) -> [Double] { coefficients.map(-) + [1] }

  /// x'M x.
  static func form(_ matrix: Matrix, _ vector: [Double]) -> Double {
    dot(vector, matrix * vector)
  }

  /// Σ v u² / n.
  func residualVariance(_ coefficients: [Double]) -> Double {
    Self.form(partialled, Self.residual(coefficients)) / rowCount
  }
}

// MARK: - Estimators

extension InstrumentalRegression {
  private func ordinary(_ kind: InstrumentalCovariance) throws -> Slopes {
    let (b, bread) = try Self.named(names) { try products.slopes(k: 0) }
    // B⁻¹ D = own' d.
    let forms = forms.own.transposed
    let covariance: Matrix =
      switch kind {
      case .unadjusted: residualVariance(b) * bread
      case .hc0: forms * sums.ordinary(power: 0) * forms.transposed
      case .hc1: parameterFactor * (forms * sums.ordinary(power: 0) * forms.transposed)
      case .hc2: forms * sums.ordinary(power: 1) * forms.transposed
      case .hc3: forms * sums.ordinary(power: 2) * forms.transposed
      case .clustered(let ways):
        forms * clustered(ways, parameters: parameterCount) { $0.ordinary } * forms.transposed
      }
    return Slopes(coefficients: b, covariance: covariance, k: 0)
  }

  func kClass(_ member: KClassEstimator, _ kind: InstrumentalCovariance) throws -> Slopes {
    let k = try Self.named(names) {
      try products.k(member, degreesOfFreedom: firstStageFreedom)
    }
    let (b, bread) = try Self.named(names) { try products.slopes(k: k) }
    let u = Self.residual(b)
    // x̂ = P D = M_D'q, or the factor of A times its orthonormal form.
    let scores = bread * endogenousMoments.transposed
    let factor = try Self.named(names) {
      try Cholesky(products.projected.selecting(rows: Array(b.indices), columns: Array(b.indices))).lower
    }
    let fitted = bread * factor
    let covariance: Matrix =
      switch kind {
      case .unadjusted: residualVariance(b) * bread
      case .hc0: scores * sums.moment(u, u) * scores.transposed
      case .hc1: parameterFactor * (scores * sums.moment(u, u) * scores.transposed)
      case .hc2: fitted * sums.projected(u, power: 1) * fitted.transposed
      case .hc3: fitted * sums.projected(u, power: 2) * fitted.transposed
      case .clustered(let ways):
        scores * clustered(ways, parameters: parameterCount) { $0.moment * u } * scores.transposed
      }
    return Slopes(coefficients: b, covariance: covariance, k: k)
  }

  /// With X_i = D_i - u_i D'u / u'u and Y = P X, the covariance is H⁻¹ S H⁻¹,
  /// S = Σ u_i² (Y_i Y_i' - h_i X_i Y_i' - h_i Y_i X_i') + Σ_kl (Σ_i q_ik q_il X_i u_i)(Σ_j q_jk q_jl X_j u_j)'.
  private func hful() throws -> Slopes {
    let q = endogenousCount
    let moved = self.moved
    let root = try Self.named(names) { try moved.smallestRoot() }
    let smallest = root / (1 + root)
    let correction = (1 - smallest) / rowCount
    let a = (smallest - correction) / (1 - correction)
    let b = try Self.named(names) { try moved.slopes(k: 1 / (1 - a)) }.coefficients
    let u = Self.residual(b)
    let (bread, forms) = try movedBread(a: a, u)
    let x = (0..<q).map { j in (0...q).map { forms[$0, j] } }
    let fitted = x.map { stage.orthonormal * $0 }
    let ofErrors = sums.moment(u, u)
    let mixed = x.map { sums.moment($0, u) }
    let third = x.map { sums.leveraged($0, u) }
    var meat = Matrix(rows: q, columns: q)
    for i in 0..<q {
      let image = ofErrors * fitted[i]
      for j in 0..<q {
        meat[i, j] =
          dot(image, fitted[j]) - dot(third[i], fitted[j]) - dot(third[j], fitted[i])
          + dot(mixed[i].values, mixed[j].values)
      }
    }
    return Slopes(coefficients: b, covariance: bread * meat * bread, k: a)
  }

  /// A - C and S + C: HFUL is of the k-class for these.
  var moved: PartialledProducts {
    let q = endogenousCount
    // Σ v h r_a r_b is the trace of Σ v² r_a r_b q q'.
    var leveraged = Matrix(rows: q + 1, columns: q + 1)
    for a in 0...q { for b in 0...q { leveraged[a, b] = sums.moment(a, b).diagonal.reduce(0, +) } }
    return PartialledProducts(projected: products.projected - leveraged, residual: products.residual + leveraged)
  }

  /// H⁻¹ of HFUL, and X as forms of r [q + 1, q], at its a and u.
  func movedBread(a: Double, _ u: [Double]) throws -> (bread: Matrix, forms: Matrix) {
    let inverse = try Self.named(names) { try moved.slopes(k: 1 / (1 - a)) }.bread
    let products = partialled * u
    let square = dot(u, products)
    var forms = Matrix(rows: endogenousCount + 1, columns: endogenousCount)
    for j in 0..<endogenousCount {
      for i in u.indices { forms[i, j] = -products[j] / square * u[i] + (i == j ? 1 : 0) }
    }
    return ((1 / (1 - a)) * inverse, forms)
  }

  /// (Σ v x D')⁻¹ of a jackknife estimator.
  func jackknifeBread(_ index: Int) throws -> Matrix {
    let all = Array(0..<endogenousCount)
    return try SingularValues(sums.jackknife(index).selecting(rows: all, columns: all)).pseudoInverse()
  }

  private func jackknife(_ index: Int) throws -> Slopes {
    let products = sums.jackknife(index)
    let inverse = try jackknifeBread(index)
    let b = inverse * (0..<endogenousCount).map { products[$0, endogenousCount] }
    let covariance = inverse * sums.jackknifeMeat(index, Self.residual(b)) * inverse.transposed
    return Slopes(coefficients: b, covariance: covariance)
  }

  /// W M_D and the factor of M_D'W M_D, with W the weight of two-step GMM and M_D the moments of D.
  func weightedMoments(_ kind: InstrumentalCovariance) throws -> (onInstruments: Matrix, normal: Cholesky) {
    let onInstruments = try momentVariance(kind).solve(endogenousMoments)
    let normal = try Self.named(names) {
      try Cholesky(endogenousMoments.transposed * onInstruments)
    }
    return (onInstruments, normal)
  }

  private func generalisedMoments(_ kind: InstrumentalCovariance) throws -> Slopes {
    let (onInstruments, normal) = try weightedMoments(kind)
    let b = normal.solve(onInstruments.transposed * responseMoments)
    let scale = kind == .hc0 ? 1 : kind == .hc1 ? parameterFactor : 1
    return Slopes(coefficients: b, covariance: scale * normal.inverse)
  }

  /// The factor of the variance of Σ v q u at 2SLS, uncentred, robust or clustered.
  func momentVariance(_ kind: InstrumentalCovariance) throws -> Cholesky {
    let first = Self.residual(try kClass(.twoStage, .unadjusted).coefficients)
    let variance: Matrix
    switch kind {
    case .hc0, .hc1: variance = sums.moment(first, first)
    case .clustered(let ways): variance = clustered(ways) { $0.moment * first }
    default: throw CovarianceUnavailable(estimator: .gmm, covariance: kind)
    }
    do { return try Cholesky(variance) } catch {
      throw Failure(
        .numerical,
        "the moments of \(instrumentCount) instruments have no variance matrix (\(error)); give fewer instruments, or more "
          + "clusters than instruments")
    }
  }
}

// MARK: - Small samples and clusters

extension InstrumentalRegression {
  /// n / (n - q - c).
  var parameterFactor: Double { rowCount / (rowCount - Double(parameterCount)) }

  /// q + c.
  var parameterCount: Int { endogenousCount + controlCount }

  /// G / (G - 1) (n - 1) / (n - p), for a sum over G clusters.
  func clusterFactor(_ count: Int, parameters: Int) -> Double {
    let groups = Double(count)
    return groups / (groups - 1) * (rowCount - 1) / (rowCount - Double(parameters))
  }

  /// Σ_g s_g s_g' of one clustering, or with inclusion and exclusion of two.
  ///
  /// - Parameter parameters: p of the ``clusterFactor(_:parameters:)`` of each sum; nil for none.
  func clustered(_ ways: [Int], parameters: Int? = nil, _ score: (ClusterSums) -> [Double]) -> Matrix {
    func sum(_ clustering: Int) -> Matrix {
      let scores = sums.clusters(clustering).map(score)
      let factor = parameters.map { clusterFactor(scores.count, parameters: $0) } ?? 1
      return factor * Matrix(scores).gram
    }
    let own = sum(ways[0])
    return ways.count == 1 ? own : own + sum(ways[1]) - sum(2)
  }

  /// G, the smaller of two.
  func clusterCount(_ ways: [Int]) -> Int { ways.map { sums.clusters($0).count }.min() ?? 0 }

  /// The number of clusters of a covariance where they are so few that quantiles are Student's; nil else.
  public func fewClusters(_ kind: InstrumentalCovariance) -> Int? {
    guard case .clustered(let ways) = kind else { return nil }
    let count = clusterCount(ways)
    return count < InstrumentalEstimate.fewClusters ? count : nil
  }

  /// c in the columns' own units, the constant first.
  ///
  /// - Parameter slopes: b in the units of the sums.
  private func controlCoefficients(_ slopes: [Double]) -> [Double] {
    let u = Self.residual(slopes)
    // What the second pass took from D and y, and the rounding of it that the third found.
    let taken = forms.basis.explained.transposed * u
    let rest = forms.basis.controls.transposed * (stage.onExogenous * u)
    let standard = zip(taken, rest).map { $0 + $1 }
    let (centers, scales) = (standardization.centers, standardization.scales)
    let response = centers.count - 1
    let kept = forms.basis.kept.prefix(controlCount - 1)
    var coefficients = [centers[response] + scales[response] * standard[0]]
    for (place, column) in kept.enumerated() {
      let coefficient = scales[response] / scales[column] * standard[place + 1]
      coefficients.append(coefficient)
      coefficients[0] -= coefficient * centers[column]
    }
    for (j, slope) in slopes.enumerated() {
      coefficients[0] -= slope * slopeUnits[j] * centers[response - endogenousCount + j]
    }
    return coefficients
  }
}
