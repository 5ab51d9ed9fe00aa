import Diagnostics
import LinearAlgebra

/// What a Gaussian group's covariance may look like.
public enum CovarianceShape: String, Sendable, Codable, CaseIterable {
  /// One full matrix per group.
  case full
  /// One full matrix for all groups.
  case tied
  /// One variance per group and column.
  case diagonal
  /// One variance per group.
  case spherical
}

/// The paper's mixture of K Gaussians on c = (r, t), Eq. (5)-(12).
public struct GaussianMixture: MixtureModel {
  public var mixingWeights: [Double]
  /// μ_k: K × d, d = p + 1, in the order (r, t).
  public var means: [[Double]]
  /// The covariance of each group, Σ_k [d, d].
  public private(set) var covariances: [Matrix]
  /// Σ_k = L_k L_k'.
  private var factors: [Cholesky]
  public let shape: CovarianceShape
  /// A group is given up when the variance of a column given those before it falls below this share of that in all rows:
  /// where rows share a value of a column, or lie in a plane, the likelihood of a group that closes in on them grows
  /// without bound. 0 lets it.
  public var leastVarianceShare = 0.0
  /// The share for columns as they are given, a ratio of 1e-4 in standard deviations.
  public static let usualLeastVarianceShare = 1e-8

  /// - Throws: ``NotPositiveDefinite`` when a covariance has no Cholesky factor.
  public init(
    mixingWeights: [Double], means: [[Double]], covariances: [Matrix], shape: CovarianceShape
  ) throws(NotPositiveDefinite) {
    self.mixingWeights = mixingWeights
    self.means = means
    self.covariances = covariances
    self.shape = shape
    factors = []
    for covariance in covariances { factors.append(try Cholesky(covariance)) }
  }

  /// With Σ = L L', the forms are the rows of L⁻¹ (c - μ).
  public var forms: MixtureForms {
    let d = means[0].count
    var coefficients: [Double] = []
    var logScale: [Double] = []
    for k in 0..<groupCount {
      let inverse = factors[k].inverseLower
      for f in 0..<d {
        coefficients.append(-(0...f).reduce(0) { $0 + inverse[f, $1] * means[k][$1] })
        for j in 0...f { coefficients.append(inverse[f, j]) }
      }
      logScale.append(
        Elementary.log(mixingWeights[k]) - 0.5 * (Double(d) * Elementary.log(2 * .pi) + factors[k].logDeterminant))
    }
    return MixtureForms(shape: .triangular, coefficients: coefficients, logScale: logScale)
  }

  /// There are K - 1 shares, K d means and the free entries of the covariances.
  public var parameterCount: Int {
    let d = means[0].count
    let covariance =
      switch shape {
      case .full: groupCount * PackedTriangle.count(order: d)
      case .tied: PackedTriangle.count(order: d)
      case .diagonal: groupCount * d
      case .spherical: groupCount
      }
    return groupCount - 1 + groupCount * d + covariance
  }

  public var leadingParameters: [Double] { means.map { $0[$0.count - 1] } }

  public func reordered(_ order: [Int]) -> GaussianMixture {
    var copy = self
    copy.mixingWeights = order.map { mixingWeights[$0] }
    copy.means = order.map { means[$0] }
    copy.covariances = order.map { covariances[$0] }
    copy.factors = order.map { factors[$0] }
    return copy
  }

  public mutating func maximize(_ statistics: SufficientStatistics) throws(DegenerateGroup) -> [Finding] {
    var findings: [Finding] = []
    let total = statistics.total
    let d = means[0].count
    var scatters: [Matrix] = []
    for k in 0..<groupCount {
      let count = statistics.count(k)
      try DegenerateGroup.require(count, atLeast: shape == .full ? d + 1 : 2, .group(k))
      let gram = statistics.gram(k)
      mixingWeights[k] = count / total
      means[k] = (0..<d).map { gram[0, $0 + 1] / count }
      scatters.append(gram.scatter(about: means[k], count: count))
    }
    let least = leastVarianceShare > 0 ? try leastVariances(statistics) : nil
    for (k, scatter) in shaped(scatters, total: total).enumerated() {
      let (factor, ridge) = try scatter.factored(.group(k))
      if let least, let column = (0..<d).first(where: { ridge > 0 || factor.pivot($0) < least[$0] }) {
        throw DegenerateGroup(.group(k), ridge > 0 ? .singular : .collapsed(column: column))
      }
      factors[k] = factor
      covariances[k] = scatter
      if ridge > 0 {
        for j in 0..<d { covariances[k][j, j] *= 1 + ridge }
        findings.append(.ridge(ridge, .covarianceRidge))
      }
    }
    return findings
  }

  /// The least variance of each column given those before it, under the shape.
  private func leastVariances(_ statistics: SufficientStatistics) throws(DegenerateGroup) -> [Double] {
    let d = means[0].count
    let gram = (1..<groupCount).reduce(statistics.gram(0)) { $0 + statistics.gram($1) }
    let covariance = gram.covariance(columns: 1..<d + 1, count: statistics.total)
    switch shape {
    case .full, .tied:
      let pooled = try covariance.factored(.pooled("the covariance of all rows")).0
      return (0..<d).map { leastVarianceShare * pooled.pivot($0) }
    case .diagonal: return covariance.diagonal.map { leastVarianceShare * $0 }
    case .spherical:
      let mean = covariance.diagonal.reduce(0, +) / Double(d)
      return Array(repeating: leastVarianceShare * mean, count: d)
    }
  }

  /// The covariances of each group's scatter Σ γ (c - μ)(c - μ)' under the shape.
  private func shaped(_ scatters: [Matrix], total: Double) -> [Matrix] {
    let d = means[0].count
    switch shape {
    case .full:
      return zip(scatters, mixingWeights).map { (1 / ($1 * total)) * $0 }
    case .tied:
      let sum = scatters.dropFirst().reduce(scatters[0], +)
      return Array(repeating: (1 / total) * sum, count: groupCount)
    case .diagonal:
      return zip(scatters, mixingWeights).map { scatter, weight in
        Matrix(diagonal: scatter.diagonal.map { $0 / (weight * total) })
      }
    case .spherical:
      return zip(scatters, mixingWeights).map { scatter, weight in
        let mean = scatter.diagonal.reduce(0, +) / (weight * total * Double(d))
        return Matrix(diagonal: Array(repeating: mean, count: d))
      }
    }
  }
}

extension GaussianMixture {
  private enum CodingKeys: String, CodingKey {
    case mixingWeights, means, covariances, shape, leastVarianceShare
  }

  /// - Throws: ``NotPositiveDefinite`` for a covariance that has no Cholesky factor.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      mixingWeights: values.decode([Double].self, forKey: .mixingWeights),
      means: values.decode([[Double]].self, forKey: .means),
      covariances: values.decode([[[Double]]].self, forKey: .covariances).map { Matrix($0) },
      shape: values.decode(CovarianceShape.self, forKey: .shape))
    leastVarianceShare = try values.decode(Double.self, forKey: .leastVarianceShare)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(mixingWeights, forKey: .mixingWeights)
    try values.encode(means, forKey: .means)
    try values.encode(covariances.map(\.rowArrays), forKey: .covariances)
    try values.encode(shape, forKey: .shape)
    try values.encode(leastVarianceShare, forKey: .leastVarianceShare)
  }
}

extension Matrix {
  /// Σ γ (c - μ)(c - μ)' from this Gram matrix of (1, c).
  func scatter(about mean: [Double], count: Double) -> Matrix {
    var scatter = Matrix(rows: mean.count, columns: mean.count)
    for i in mean.indices {
      for j in mean.indices { scatter[i, j] = self[i + 1, j + 1] - count * mean[i] * mean[j] }
    }
    return scatter
  }
}

extension Matrix {
  /// The rows as arrays. L⁻¹'s rows are L⁻ᵀ's columns: directions of unit variance under LL'.
  var rowArrays: [[Double]] { (0..<rows).map { Array(self[row: $0]) } }
}
