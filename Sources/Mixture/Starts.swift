import Communication
import Foundation
import LinearAlgebra

extension RegressionMixture {
  /// σ_k² never falls below this share of the variance of t about the regression of all rows.
  static let varianceFloorShare = 1e-4

  /// The pooled regression, one group: K = 1, and what random starts spread about.
  ///
  /// - Throws: ``DegenerateGroup`` when the features depend linearly on each other.
  public init(pooled: SufficientStatistics) throws(DegenerateGroup) { try self.init(groups: pooled) }

  /// Random starts: the pooled regression plus, per group, a random function of the features.
  ///
  /// The function is a normal combination of `directions`, each scaled to unit variance over the rows, that moves the
  /// mean of t by as much as the pooled residual spread; σ_k is half that spread. So a start does not depend on units,
  /// and groups differ from the first pass on, where random assignment of rows makes them all alike.
  ///
  /// - Parameters:
  ///   - directions: coefficients on the features of functions in which groups may differ; by default the features
  ///     whitened by their pooled covariance.
  public static func starts(
    _ numbers: Range<Int>, groups: Int, pooled: SufficientStatistics, directions: [[Double]]? = nil,
    random: CounterRandom
  ) throws -> [RegressionMixture] {
    let center = try RegressionMixture(pooled: pooled)
    let spread = center.standardDeviations[0]
    let floor = varianceFloorShare * spread * spread
    let count = pooled.count(0)
    let gram = pooled.gram(0)
    let p = pooled.columnCount - 2
    let covariance = gram.covariance(columns: 1..<p + 1, count: count)
    let directions = try directions ?? covariance.factored(group: 0).0.inverseLower.rowArrays
    let units = directions.map { direction in
      let variance = zip(direction, covariance * direction).reduce(0) { $0 + $1.0 * $1.1 }
      return direction.map { variance > 0 ? $0 / variance.squareRoot() : 0 }
    }
    let amplitude = spread / Double(units.count).squareRoot()
    return numbers.map { number in
      let coefficients = (0..<groups).map { group in
        guard groups > 1 else { return center.coefficients[0] }
        var beta = center.coefficients[0]
        for (index, unit) in units.enumerated() {
          let weight = amplitude * random.normal(row: number, draw: group * units.count + index)
          gram.add(weight, of: unit, to: &beta)
        }
        return beta
      }
      return RegressionMixture(
        mixingWeights: Array(repeating: 1 / Double(groups), count: groups), coefficients: coefficients,
        standardDeviations: Array(repeating: groups > 1 ? spread / 2 : spread, count: groups), varianceFloor: floor)
    }
  }
}

extension RegressionMixture {
  /// Starts with one group more: each group in turn cut in two halves, at both sides of its mean by a random function of
  /// the features with half its spread, and so much narrower that their mixture has its variance.
  ///
  /// - Parameters:
  ///   - count: ways in which each group is cut.
  ///   - pooled: the statistics of the rows, for the scale of the features.
  /// - Throws: ``DegenerateGroup`` when the features depend linearly on each other.
  public func cuts(
    perGroup count: Int, pooled: SufficientStatistics, random: CounterRandom
  ) throws(DegenerateGroup) -> [RegressionMixture] {
    let p = coefficients[0].count - 1
    let gram = pooled.gram(0)
    let covariance = gram.covariance(columns: 1..<p + 1, count: pooled.count(0))
    let units = try covariance.factored(group: 0).0.inverseLower.rowArrays
    return (0..<groupCount * count).map { number in
      let group = number / count
      // A random function a + b'r of unit mean square.
      let weights = (0...p).map { random.normal(row: number, draw: $0) }
      let norm = weights.reduce(0) { $0 + $1 * $1 }.squareRoot()
      var function = [weights[0] / norm] + Array(repeating: 0, count: p)
      for (unit, weight) in zip(units, weights.dropFirst()) {
        gram.add(weight / norm, of: unit, to: &function)
      }
      var result = self
      let distance = standardDeviations[group] / 2
      result.coefficients[group] = zip(coefficients[group], function).map { $0 - distance * $1 }
      result.coefficients.append(zip(coefficients[group], function).map { $0 + distance * $1 })
      result.mixingWeights[group] /= 2
      result.mixingWeights.append(result.mixingWeights[group])
      result.standardDeviations[group] *= 0.75.squareRoot()
      result.standardDeviations.append(result.standardDeviations[group])
      return result
    }
  }
}

extension Matrix {
  /// Adds a multiple of a linear function of the features to coefficients on (1, features), less its mean over the rows
  /// whose Gram matrix of (1, features, t) this is.
  fileprivate func add(_ weight: Double, of direction: [Double], to coefficients: inout [Double]) {
    for (j, value) in direction.enumerated() {
      coefficients[j + 1] += weight * value
      coefficients[0] -= weight * value * self[0, j + 1] / self[0, 0]
    }
  }
}

/// How the Gaussian mixture starts.
public enum GaussianStart: String, Sendable, Codable, CaseIterable {
  /// The paper's Eq. (6): mean and covariance of R shared by all groups, the parts of T random.
  case equation6
  /// Random rows as means.
  case rows
  /// k-means++ centres as means (Arthur and Vassilvitskii 2007).
  case kmeansPlusPlus = "kmeans++"
}

extension GaussianMixture {
  /// The pooled covariance and given means, with equal shares.
  public init(means: [[Double]], pooled: SufficientStatistics, shape: CovarianceShape) throws(NotPositiveDefinite) {
    let groups = means.count
    let d = pooled.columnCount - 1
    let covariance = pooled.gram(0).covariance(columns: 1..<d + 1, count: pooled.count(0))
    try self.init(
      mixingWeights: Array(repeating: 1 / Double(groups), count: groups), means: means,
      covariances: Array(repeating: covariance, count: groups), shape: shape)
  }

  /// Starts by Eq. (6): of a random regression start β_k, σ_k, the joint law of (r, t) whose r has the pooled mean and
  /// covariance: E t = β_k'(1, E r), Cov(t, r) = Cov(r) β_k, Var t = β_k' Cov(r) β_k + σ_k². A covariance made so is
  /// positive definite whatever the draw.
  public init(
    equation6 start: RegressionMixture, pooled: SufficientStatistics, shape: CovarianceShape
  ) throws(NotPositiveDefinite) {
    let p = pooled.columnCount - 2
    let count = pooled.count(0)
    let gram = pooled.gram(0)
    let features = gram.covariance(columns: 1..<p + 1, count: count)
    let featureMeans = (0..<p).map { gram[0, $0 + 1] / count }
    var means: [[Double]] = []
    var covariances: [Matrix] = []
    for (beta, sigma) in zip(start.coefficients, start.standardDeviations) {
      let slopes = Array(beta.dropFirst())
      let cross = features * slopes
      var covariance = Matrix(rows: p + 1, columns: p + 1)
      for i in 0..<p {
        for j in 0..<p { covariance[i, j] = features[i, j] }
        covariance[i, p] = cross[i]
        covariance[p, i] = cross[i]
      }
      covariance[p, p] = zip(slopes, cross).reduce(sigma * sigma) { $0 + $1.0 * $1.1 }
      means.append(featureMeans + [zip(slopes, featureMeans).reduce(beta[0]) { $0 + $1.0 * $1.1 }])
      covariances.append(covariance)
    }
    try self.init(mixingWeights: start.mixingWeights, means: means, covariances: covariances, shape: shape)
  }
}

extension Design {
  /// Up to `count` rows drawn without replacement, as c = (r, t), the same on all ranks; in order of rows. Collective.
  public func sample(_ count: Int, random: CounterRandom) throws -> [[Double]] {
    let total = rows.rowCount
    var chosen: Set<Int> = total <= count ? Set(0..<total) : []
    var draw = 0
    while chosen.count < min(count, total) {
      chosen.insert(random.integer(below: total, row: 0, draw: draw))
      draw += 1
    }
    var mine: [Double] = []
    try rows.communicator.agree {
      for row in chosen.sorted() where rows.localRows.contains(row) {
        let chunk = rows.chunk(rows.distributed.grid.chunk(ofRow: row))
        let offset = row - chunk.rows.lowerBound
        try withBlock(ofChunk: chunk) { block, _ in
          for column in 1..<columnCount { mine.append(block.columns[column]![offset]) }
        }
      }
    }
    // The chunks of ranks are consecutive, so ranks in the order of their chunks hold the rows in order.
    let shares = try rows.communicator.allGather(elements: mine)
    let chunks = rows.distributed.partition.chunks
    let order = chunks.indices.sorted {
      chunks[$0].lowerBound < chunks[$1].lowerBound
    }
    let all = order.flatMap { shares[$0] }
    let d = columnCount - 1
    return (0..<all.count / d).map { Array(all[$0 * d..<($0 + 1) * d]) }
  }
}

/// K centres of a sample by k-means++: each next one drawn with probability proportional to the squared distance from
/// the nearest so far.
///
/// - Parameter scales: the distance divides each coordinate by these.
func kMeansPlusPlus(
  _ sample: [[Double]], groups: Int, scales: [Double], random: CounterRandom, start: Int
) -> [[Double]] {
  var centers = [sample[random.integer(below: sample.count, row: start, draw: 0)]]
  var nearest = Array(repeating: Double.infinity, count: sample.count)
  while centers.count < groups {
    for (index, point) in sample.enumerated() {
      var distance = 0.0
      for (j, value) in point.enumerated() {
        let step = (value - centers[centers.count - 1][j]) / scales[j]
        distance += step * step
      }
      nearest[index] = min(nearest[index], distance)
    }
    let sum = nearest.reduce(0, +)
    guard sum > 0 else { return centers + Array(repeating: sample[0], count: groups - centers.count) }
    let next = random.categorical(row: start, draw: centers.count, probabilities: nearest.map { $0 / sum })
    centers.append(sample[next])
  }
  return centers
}

extension Design {
  /// Rows that k-means++ draws its centres from.
  static let seedingSampleSize = 4096

  /// Starting centres by k-means++ or at random rows, on a sample of rows.
  ///
  /// - Parameter scaled: whether distances divide each column by its pooled standard deviation.
  public func centers(
    _ numbers: Range<Int>, groups: Int, plusPlus: Bool, scaled: Bool, pooled: SufficientStatistics,
    random: CounterRandom
  ) throws -> [[[Double]]] {
    let points = try sample(Self.seedingSampleSize, random: CounterRandom(seed: random.seed, stream: .subsample))
    let d = columnCount - 1
    let variances = pooled.gram(0).covariance(columns: 1..<d + 1, count: pooled.count(0)).diagonal
    let scales = scaled ? variances.map { $0.squareRoot() } : Array(repeating: 1, count: d)
    return numbers.map { number in
      if plusPlus { return kMeansPlusPlus(points, groups: groups, scales: scales, random: random, start: number) }
      return (0..<groups).map { points[random.integer(below: points.count, row: number, draw: $0)] }
    }
  }
}
