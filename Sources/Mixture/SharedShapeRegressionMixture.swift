import Diagnostics
import LinearAlgebra
import Regression

/// A mixture of regressions whose groups share the shape of each covariate's effect and differ in its weight:
/// t | x, k ~ N(α_k0 + Σ_j α_kj h_j(x_j), σ_k²), h_j(x_j) = θ_j'B_j(x_j) with the basis B_j of covariate j.
///
/// This is the paper's model (2) with an additive representation r_j = h_j(x_j): K m weights and one curve per
/// covariate where free splines have K curves. Given σ the M step is a bilinear least-squares problem in the Gram matrices
/// of the groups; α and θ descend in it together, then σ follows, so the likelihood never falls (Meng and Rubin 1993).
public struct SharedShapeRegressionMixture: MixtureModel {
  public private(set) var mixture: RegressionMixture
  /// α_k: K × (m + 1), the constant first.
  public private(set) var loadings: [[Double]]
  /// θ_j, one list per covariate, scaled so that its largest entry by magnitude is 1.
  public private(set) var shapes: [[Double]]

  public var mixingWeights: [Double] { mixture.mixingWeights }
  public var forms: MixtureForms { mixture.forms }
  public var leadingParameters: [Double] { loadings.map { $0[1] } }

  /// K (m + 1) weights, K variances, K - 1 shares, and the entries of each shape less its scale.
  public var parameterCount: Int {
    groupCount * (shapes.count + 3) - 1 + shapes.reduce(0) { $0 + $1.count - 1 } + (mixture.errors?.parameterCount ?? 0)
  }

  /// Starts at the nearest shared shapes of a free fit: per covariate the leading direction of the groups'
  /// coefficients in the metric of the features' covariance.
  ///
  /// - Parameters:
  ///   - free: a fit on all features.
  ///   - featureCounts: the number of features of each covariate, in order.
  ///   - pooled: the statistics of all rows.
  /// - Throws: ``DegenerateGroup`` when the features of a covariate depend linearly on each other.
  public init(nearest free: RegressionMixture, featureCounts: [Int], pooled: SufficientStatistics) throws {
    let gram = pooled.gram(0)
    let count = pooled.count(0)
    var loadings = free.coefficients.map { [$0[0]] }
    var shapes: [[Double]] = []
    var first = 1
    for length in featureCounts {
      let covariance = gram.covariance(columns: first..<first + length, count: count)
      let (factor, _) = try covariance.factored(.pooled("a covariate's features"))
      let block = Matrix(free.coefficients.map { Array($0[first..<first + length]) })
      let whitened = block * factor.lower
      let leading = try SymmetricEigen(whitened.transposed * whitened).vectors
      let direction = (0..<length).map { leading[$0, length - 1] }
      let shape = factor.inverseLower.transposed * direction
      for k in loadings.indices { loadings[k].append((0..<length).reduce(0) { $0 + whitened[k, $1] * direction[$1] }) }
      shapes.append(shape)
      first += length
    }
    self.loadings = loadings
    self.shapes = shapes
    mixture = free
    normalize()
  }

  public func reordered(_ order: [Int]) -> SharedShapeRegressionMixture {
    var copy = self
    copy.mixture = mixture.reordered(order)
    copy.loadings = order.map { loadings[$0] }
    return copy
  }

  public mutating func maximize(_ statistics: SufficientStatistics) throws(DegenerateGroup) -> [Finding] {
    let products = (0..<groupCount).map { NormalEquations(ofLastColumn: statistics.gram($0)) }
    for k in 0..<groupCount {
      try DegenerateGroup.require(statistics.count(k), atLeast: shapes.count + 2, .group(k))
    }
    var findings = try updateLoadings(products)
    try descend(products)
    let total = statistics.total
    for k in 0..<groupCount {
      let count = statistics.count(k)
      let variance = products[k].residualSquares(of: mixture.coefficients[k]) / count
      if variance < mixture.varianceFloor { findings.append(.note(.residualVarianceAtFloor)) }
      mixture.standardDeviations[k] = max(variance, mixture.varianceFloor).squareRoot()
      mixture.mixingWeights[k] = count / total
    }
    mixture.errors?.maximize(statistics, dimension: 1)
    return findings
  }

  private static let largestStepCount = 20
  private static let relativeTolerance = 1e-12

  /// Σ_k Σ γ (t - fit)² / σ_k².
  private func weightedSquares(_ products: [NormalEquations]) -> Double {
    zip(products, mixture.coefficients.indices).reduce(0) { sum, pair in
      let sigma = mixture.standardDeviations[pair.1]
      return sum + pair.0.residualSquares(of: mixture.coefficients[pair.1]) / (sigma * sigma)
    }
  }

  /// Lowers the weighted squares in all α and θ together, by Gauss-Newton steps damped as Levenberg and Marquardt do:
  /// alternating between the two instead converges hundreds of times slower. No step raises the squares.
  private mutating func descend(_ products: [NormalEquations]) throws(DegenerateGroup) {
    normalize()
    var loss = weightedSquares(products)
    var damping = 1e-8
    for _ in 0..<Self.largestStepCount {
      let (gradient, curvature) = gaussNewton(products)
      var damped = curvature
      for index in gradient.indices { damped[index, index] *= 1 + damping }
      // A ridge would be more damping.
      let (factor, _) = try damped.factored(.pooled("the shared curves"))
      var trial = self
      trial.move(by: factor.solve(gradient))
      let next = trial.weightedSquares(products)
      if next <= loss {
        let fall = loss - next
        self = trial
        loss = next
        damping = max(damping / 10, 1e-8)
        if fall <= Self.relativeTolerance * loss { break }
      } else {
        damping *= 100
        if damping > 1e6 { break }
      }
    }
  }

  /// The gradient J'r and curvature J'J of half the weighted squares in (α_1 … α_K, θ), the sign that of descent.
  private func gaussNewton(_ products: [NormalEquations]) -> (gradient: [Double], curvature: Matrix) {
    let projection = shapeMatrix
    let owner = shapes.enumerated().flatMap { j, shape in Array(repeating: j + 1, count: shape.count) }
    let width = shapes.count + 1
    let first = groupCount * width
    var gradient = Array(repeating: 0.0, count: first + owner.count)
    var curvature = Matrix(rows: gradient.count, columns: gradient.count)
    for (k, product) in products.enumerated() {
      let sigma = mixture.standardDeviations[k]
      let precision = 1 / (sigma * sigma)
      let fitted = product.gram * mixture.coefficients[k]
      let residual = zip(product.crossProduct, fitted).map { precision * ($0 - $1) }
      let projected = projection.transposed * product.gram
      let square = projected * projection
      let direct = projection.transposed * residual
      for i in 0..<width {
        gradient[k * width + i] = direct[i]
        for j in 0..<width { curvature[k * width + i, k * width + j] = precision * square[i, j] }
        for a in owner.indices {
          let cross = precision * projected[i, a + 1] * loadings[k][owner[a]]
          curvature[k * width + i, first + a] = cross
          curvature[first + a, k * width + i] = cross
        }
      }
      for a in owner.indices {
        let weight = loadings[k][owner[a]]
        gradient[first + a] += weight * residual[a + 1]
        for b in owner.indices {
          curvature[first + a, first + b] += precision * weight * product.gram[a + 1, b + 1] * loadings[k][owner[b]]
        }
      }
    }
    return (gradient, curvature)
  }

  private mutating func move(by step: [Double]) {
    var next = step.makeIterator()
    for k in loadings.indices { for j in loadings[k].indices { loadings[k][j] += next.next()! } }
    for j in shapes.indices { for b in shapes[j].indices { shapes[j][b] += next.next()! } }
    normalize()
  }

  /// α_k given θ: least squares of t on (1, h_1 … h_m). Returns what kept groups from degenerating.
  private mutating func updateLoadings(_ products: [NormalEquations]) throws(DegenerateGroup) -> [Finding] {
    let projection = shapeMatrix
    var findings: [Finding] = []
    for (k, product) in products.enumerated() {
      let gram = projection.transposed * product.gram * projection
      let (factor, ridge) = try gram.factored(.group(k))
      if ridge > 0 { findings.append(.ridge(ridge, .collinearColumns)) }
      loadings[k] = factor.solve(projection.transposed * product.crossProduct)
    }
    return findings
  }

  /// Fixes the scale that α and θ share, and writes the coefficients of all features.
  private mutating func normalize() {
    for j in shapes.indices {
      let scale = shapes[j].max { abs($0) < abs($1) } ?? 1
      guard scale != 0 else { continue }
      for index in shapes[j].indices { shapes[j][index] /= scale }
      for k in loadings.indices { loadings[k][j + 1] *= scale }
    }
    for k in loadings.indices {
      mixture.coefficients[k] =
        [loadings[k][0]] + shapes.enumerated().flatMap { j, shape in shape.map { $0 * loadings[k][j + 1] } }
    }
  }

  /// The map from (1, all features) to (1, h_1 … h_m).
  private var shapeMatrix: Matrix {
    var matrix = Matrix(rows: 1 + shapes.reduce(0) { $0 + $1.count }, columns: shapes.count + 1)
    matrix[0, 0] = 1
    var first = 1
    for (j, shape) in shapes.enumerated() {
      for (offset, value) in shape.enumerated() { matrix[first + offset, j + 1] = value }
      first += shape.count
    }
    return matrix
  }
}

extension Matrix {
  /// The covariance of some columns from this Gram matrix of (1, c).
  func covariance(columns: Range<Int>, count: Double) -> Matrix {
    var result = Matrix(rows: columns.count, columns: columns.count)
    for (a, i) in columns.enumerated() {
      for (b, j) in columns.enumerated() {
        result[a, b] = (self[i, j] - self[0, i] * self[0, j] / count) / count
      }
    }
    return result
  }
}
