import LinearAlgebra
import Regression
import Statistics

/// What a confidence set for a scalar θ = l'b is of the other coefficients.
public enum Nuisance: Sendable, Equatable, Codable {
  /// The statistic is its least over them, against χ² with L - q + 1 degrees of freedom: right when they are identified.
  case profiled
  /// The same least against χ² with L degrees of freedom: right whatever they are, and wider.
  case projected
}

/// Confidence sets for θ = l'b that cover however weak the instruments are: the values that a test does not reject.
extension InstrumentalRegression {
  /// By Anderson and Rubin's test, robust or clustered or for errors of one variance.
  ///
  /// - Parameters:
  ///   - combination: l, one number for each endogenous column, not all 0.
  ///   - level: what it covers with, .95.
  /// - Throws: as ``andersonRubin(_:_:)``.
  public func andersonRubinSet(
    _ combination: [Double], level: Double = 0.95, nuisance: Nuisance = .profiled, _ kind: InstrumentalCovariance = .hc0
  ) throws -> ConfidenceSet {
    let freedom = nuisance == .profiled ? overidentification + 1 : instrumentCount
    let critical = ChiSquare(degreesOfFreedom: Double(freedom)).quantile(survival: 1 - level)
    let line = try SlopeLine(self, combination, kind)
    return try evaluated { try line.search.set { try line.profile($0, $1).test.andersonRubin - critical } }
  }

  /// By Kleibergen's test with the other coefficients at their least Anderson-Rubin statistic, against χ² with one degree
  /// of freedom: right when they are identified.
  ///
  /// - Throws: as ``andersonRubin(_:_:)``.
  public func lagrangeMultiplierSet(
    _ combination: [Double], level: Double = 0.95, _ kind: InstrumentalCovariance = .hc0
  ) throws -> ConfidenceSet {
    let critical = ChiSquare(degreesOfFreedom: 1).quantile(survival: 1 - level)
    let line = try SlopeLine(self, combination, kind)
    return try evaluated {
      try line.search.set { sine, cosine in
        let (test, beta) = try line.profile(sine, cosine)
        return try test.lagrangeMultiplier(beta) - critical
      }
    }
  }

  /// By the conditional likelihood ratio test, for errors of one variance; nil for more than one endogenous column.
  public func conditionalLikelihoodRatioSet(level: Double = 0.95) throws -> ConfidenceSet? {
    guard endogenousCount == 1 else { return nil }
    let line = try SlopeLine(self, [1], .unadjusted)
    let least = try leastAndersonRubin()
    return try line.search.set { sine, cosine in
      1 - level - (try conditionalLikelihoodRatio(beta: line.beta(sine, cosine, []), least: least)).pValue
    }
  }

  /// By the subset Anderson-Rubin test for errors of one variance (Guggenberger, Kleibergen, Mavroeidis and Chen 2012):
  /// the ends are the roots of a quadratic (Londschien and Bühlmann 2024).
  public func subsetAndersonRubinSet(_ combination: [Double], level: Double = 0.95) throws -> ConfidenceSet {
    let critical = ChiSquare(degreesOfFreedom: Double(overidentification + 1)).quantile(survival: 1 - level)
    let line = try SlopeLine(self, combination, .unadjusted)
    // β'(A - κ S) β ≤ 0 for some of the other coefficients.
    let form = products.projected - (critical / firstStageFreedom) * products.residual
    let directions = Matrix([line.direction, line.origin] + line.others).transposed
    let whole = directions.transposed * form * directions
    let (pair, rest) = ([0, 1], Array(2..<2 + line.others.count))
    var quadratic = whole.selecting(rows: pair, columns: pair)
    if !rest.isEmpty {
      // Where the others make it negative by themselves, they do so at every θ.
      guard let factor = try? Cholesky(whole.selecting(rows: rest, columns: rest), tolerance: 0) else {
        return ConfidenceSet([.init(-.infinity, .infinity)])
      }
      let cross = whole.selecting(rows: rest, columns: pair)
      quadratic = quadratic - cross.transposed * factor.solve(cross)
    }
    return Self.notPositive(quadratic[0, 0], quadratic[0, 1], quadratic[1, 1], line.search)
  }

  /// Where a s² + 2 b s + c ≤ 0, for θ = center + scale s.
  private static func notPositive(_ a: Double, _ b: Double, _ c: Double, _ search: CircleSearch) -> ConfidenceSet {
    let discriminant = b * b - a * c
    guard discriminant >= 0 else { return ConfidenceSet(a > 0 ? [] : [.init(-.infinity, .infinity)]) }
    // The root of larger magnitude first, so that nothing cancels.
    let large = -(b + (b < 0 ? -1 : 1) * discriminant.squareRoot())
    let roots = [large / a, c / large].map { search.center + search.scale * $0 }.sorted()
    return ConfidenceSet(
      a > 0 ? [.init(roots[0], roots[1])] : [.init(-.infinity, roots[0]), .init(roots[1], .infinity)])
  }
}

/// The coefficients with a given θ = l'b, as directions in the space of β = (-b, 1): β = cos φ origin + sin φ direction
/// plus anything of the others. θ = center + scale tan φ, so that infinity is a direction like any other.
struct SlopeLine {
  let variances: MomentVariances
  let origin: [Double]
  let direction: [Double]
  /// q - 1 vectors along which θ stays.
  let others: [[Double]]
  let search: CircleSearch

  /// - Parameter combination: l in the columns' own units.
  init(_ regression: InstrumentalRegression, _ combination: [Double], _ kind: InstrumentalCovariance) throws {
    precondition(
      combination.count == regression.endogenousCount && combination.contains { $0 != 0 },
      "a combination has one number for each endogenous column, not all 0")
    variances = try MomentVariances(regression, kind)
    let weights = zip(combination, regression.slopeUnits).map { $0 * $1 }
    // 2SLS, because its error stays moderate where instruments are weak: what is rejected then lies near ordinary
    // regression, and what is not goes on to infinity.
    let estimate = try regression.kClass(.twoStage, .unadjusted)
    let slopes = estimate.coefficients
    let error = max(dot(weights, estimate.covariance * weights), 0).squareRoot()
    // Twice the standard error puts the ends of a set of strong instruments near 45 degrees.
    let scale = error > 0 && error.isFinite ? 2 * error : 1
    search = CircleSearch(center: dot(weights, slopes), scale: scale)
    let square = dot(weights, weights)
    origin = InstrumentalRegression.residual(slopes)
    direction = weights.map { -scale * $0 / square } + [0]
    let complement = Matrix.complement(of: weights)
    others = (0..<complement.columns).map { j in (0..<weights.count).map { complement[$0, j] } + [0] }
  }

  /// β at an angle, given how far it goes along the others.
  func beta(_ sine: Double, _ cosine: Double, _ along: [Double]) -> [Double] {
    var result = zip(origin, direction).map { cosine * $0 + sine * $1 }
    for (other, length) in zip(others, along) { for i in result.indices { result[i] += length * other[i] } }
    return result
  }

  /// Steps of a minimisation, and the share of the statistic that a step must promise.
  private static let steps = 100
  private static let tolerance = 1e-13

  /// The least Anderson-Rubin statistic over the other coefficients at an angle, by steps of Gauss and Newton: the
  /// gradient is 2 D̂'V⁻¹m, and D̂'V⁻¹D̂ is nearly half the Hessian where the statistic is small.
  func profile(_ sine: Double, _ cosine: Double) throws -> (test: MomentTest, beta: [Double]) {
    var along = Array(repeating: 0.0, count: others.count)
    var point = beta(sine, cosine, along)
    var test = try variances.evaluate(point)
    guard !others.isEmpty else { return (test, point) }
    let basis = Matrix(others).transposed
    for _ in 0..<Self.steps {
      let directions = test.independent * basis
      let pull = directions.transposed * test.weighted
      var normal = directions.transposed * test.factor.solve(directions)
      for i in 0..<normal.rows { normal[i, i] *= 1 + 1e-12 }
      // Where the least lies at infinity, steps grow until nothing of the normal matrix is left.
      guard let factor = try? Cholesky(normal, tolerance: 0) else { break }
      let step = factor.solve(pull).map(-)
      let promise = -dot(step, pull)
      guard promise > Self.tolerance * (1 + test.andersonRubin) else { break }
      var length = 1.0
      var isLower = false
      while length > 1e-6 {
        let next = zip(along, step).map { $0 + length * $1 }
        let candidate = beta(sine, cosine, next)
        if let tried = try? variances.evaluate(candidate), tried.andersonRubin < test.andersonRubin {
          (along, point, test, isLower) = (next, candidate, tried, true)
          break
        }
        length /= 2
      }
      guard isLower else { break }
    }
    return (test, point)
  }
}
