import Foundation
import LinearAlgebra

/// One polynomial of each covariate, as the reference implementation has them: ridge regression of t on monomials of x,
/// degree and penalty by cross-validation; then r_j is the sum of the fitted pure powers of x_j, standardised.
public struct PolynomialCurves: FeatureMap {
  /// Degrees tried.
  public static let degrees = 1...3
  /// Penalties tried.
  public static let penalties = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 1e1, 1e2, 1e3, 1e4, 1e5]
  /// Row i of all rows is held out in fold i mod 5.
  public static let foldCount = 5
  /// A degree of more monomials than this is not tried.
  public static let largestCount = 1000

  public let featureNames: [String]
  public let degree: Int
  public let penalty: Double
  /// Mean over folds of the held-out mean squared error, of the degree and penalty chosen.
  public let score: Double
  let origin: [Double]
  /// powers[j][e - 1]: the coefficient of x_j^e.
  let powers: [[Double]]
  let centers: [Double]
  let scales: [Double]

  /// One degree's cross-validation: the best penalty and its score.
  public struct Candidate: Sendable {
    public let features: PolynomialBasis
    public let degree: Int
    public let scores: [Double]
    let total: Matrix

    /// - Parameter folds: per fold the Gram matrix Σ c c' of c = (1, monomials, t).
    /// - Throws: ``Failure`` (numerical) when a ridge regression has no solution.
    public init(degree: Int, features: PolynomialBasis, folds: [Matrix]) throws {
      self.degree = degree
      self.features = features
      let total = folds.dropFirst().reduce(folds[0], +)
      self.total = total
      scores = try PolynomialCurves.penalties.map { penalty in
        let errors = try folds.filter { $0[0, 0] > 0 }.map { fold in
          try fold.meanSquaredError(of: Ridge(total - fold, penalty: penalty))
        }
        return errors.reduce(0, +) / Double(errors.count)
      }
    }
  }

  /// Refits the candidate of the lowest score to all rows.
  ///
  /// - Precondition: `candidates` is not empty.
  /// - Throws: ``Failure`` (numerical) when the ridge regression has no solution.
  public init(covariateNames: [String], candidates: [Candidate]) throws {
    let ranked = candidates.flatMap { candidate in
      zip(Self.penalties, candidate.scores).map { (candidate, penalty: $0, score: $1) }
    }
    let (best, penalty, score) = ranked.min { $0.score < $1.score }!
    let fit = try Ridge(best.total, penalty: penalty)
    degree = best.degree
    self.penalty = penalty
    self.score = score
    origin = best.features.origin
    featureNames = covariateNames.map { "poly(\($0))" }
    var powers = Array(repeating: Array(repeating: 0.0, count: best.degree), count: covariateNames.count)
    var centers = Array(repeating: 0.0, count: covariateNames.count)
    var members = Array(repeating: [Int](), count: covariateNames.count)
    for (index, monomial) in best.features.monomials.enumerated() where Set(monomial).count == 1 {
      let j = monomial[0]
      powers[j][monomial.count - 1] = fit.slopes[index]
      centers[j] += fit.slopes[index] * best.total[0, index + 1] / best.total[0, 0]
      members[j].append(index)
    }
    self.powers = powers
    self.centers = centers
    scales = members.map { indices in
      var variance = 0.0
      for a in indices {
        for b in indices { variance += fit.slopes[a] * fit.slopes[b] * best.total.covariance(a + 1, b + 1) }
      }
      return variance > 0 ? variance.squareRoot() : 1
    }
  }

  public func transform(
    _ covariates: [UnsafePointer<Double>], rowCount: Int, into features: UnsafeMutablePointer<Double>, stride: Int
  ) {
    for (j, values) in covariates.enumerated() {
      let target = features + j * stride
      for row in 0..<rowCount {
        let x = values[row] + origin[j]
        let sum = powers[j].reversed().reduce(0) { ($0 + $1) * x }
        target[row] = (sum - centers[j]) / scales[j]
      }
    }
  }
}
