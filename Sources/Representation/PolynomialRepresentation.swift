import Diagnostics
import Foundation
import LinearAlgebra

/// All monomials of the covariates up to a degree, without the constant, in the order of scikit-learn's
/// `PolynomialFeatures`: by degree, then lexicographically.
public struct PolynomialFeatures: Sendable, Codable, Equatable {
  /// The covariates multiplied in each monomial, ascending, repeated for powers.
  public let monomials: [[Int]]
  /// Added to each covariate before it is raised, so that powers are those of the data as given.
  public let origin: [Double]

  public init(degree: Int, origin: [Double]) {
    self.origin = origin
    var all: [[Int]] = []
    var last: [[Int]] = [[]]
    for _ in 0..<degree {
      last = last.flatMap { head in ((head.last ?? 0)..<origin.count).map { head + [$0] } }
      all += last
    }
    monomials = all
  }

  /// Some monomials of covariates.
  init(monomials: [[Int]], covariateCount: Int) {
    self.monomials = monomials
    origin = Array(repeating: 0, count: covariateCount)
  }

  /// The number of monomials of m covariates up to a degree, C(m + degree, degree) - 1.
  public static func count(covariates m: Int, degree: Int) -> Int {
    (1...degree).reduce(1) { $0 * (m + $1) / $1 } - 1
  }

  /// Writes monomial j of row i to `features[j * stride + i]`.
  public func transform(
    _ covariates: [UnsafePointer<Double>], rowCount: Int, into features: UnsafeMutablePointer<Double>, stride: Int
  ) {
    for (j, monomial) in monomials.enumerated() {
      let target = features + j * stride
      for row in 0..<rowCount {
        target[row] = monomial.reduce(1) { $0 * (covariates[$1][row] + origin[$1]) }
      }
    }
  }
}

/// The reference implementation's polynomial representation: ridge regression of t on monomials of x, degree and
/// penalty by cross-validation; then r_j is the sum of the fitted pure powers of x_j, standardised.
public struct PolynomialRepresentation: Representation {
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

  public var dimension: Int { featureNames.count }

  /// One degree's cross-validation: the best penalty and its score.
  public struct Candidate: Sendable {
    public let features: PolynomialFeatures
    public let degree: Int
    public let scores: [Double]
    let total: Matrix

    /// - Parameter folds: per fold the Gram matrix Σ c c' of c = (1, monomials, t).
    /// - Throws: ``Failure`` (numerical) when a ridge regression has no solution.
    public init(degree: Int, features: PolynomialFeatures, folds: [Matrix]) throws {
      self.degree = degree
      self.features = features
      let total = folds.dropFirst().reduce(folds[0], +)
      self.total = total
      scores = try PolynomialRepresentation.penalties.map { penalty in
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

/// Ridge regression with a free constant: min Σ (t - a - b'f)² + penalty |b|².
struct Ridge {
  let constant: Double
  let slopes: [Double]

  /// - Parameter gram: Σ c c' of c = (1, f, t).
  init(_ gram: Matrix, penalty: Double) throws {
    let p = gram.columns - 2
    let count = gram[0, 0]
    var normal = Matrix(rows: p, columns: p)
    for i in 0..<p {
      for j in 0..<p { normal[i, j] = gram.covariance(i + 1, j + 1) * count }
      normal[i, i] += penalty
    }
    let right = (0..<p).map { gram.covariance($0 + 1, p + 1) * count }
    do {
      // The penalty keeps this positive definite; monomials may still be nearly dependent.
      slopes = try Cholesky(normal, tolerance: 0).solve(right)
    } catch {
      throw Failure.ofOneFit(
        .numerical,
        "the polynomial representation has no ridge solution at penalty \(penalty): \(error); "
          + "rescale the covariates or choose --representation spline")
    }
    var constant = gram[0, p + 1] / count
    for i in 0..<p { constant -= slopes[i] * gram[0, i + 1] / count }
    self.constant = constant
  }
}

extension Matrix {
  /// The covariance of columns i and j of c from this Gram matrix of c = (1, …).
  func covariance(_ i: Int, _ j: Int) -> Double {
    (self[i, j] - self[0, i] * self[0, j] / self[0, 0]) / self[0, 0]
  }

  /// The mean squared error of a fit on the rows of this Gram matrix of c = (1, f, t).
  func meanSquaredError(of fit: Ridge) -> Double {
    let weights = [-fit.constant] + fit.slopes.map { -$0 } + [1]
    let product = self * weights
    return zip(weights, product).reduce(0) { $0 + $1.0 * $1.1 } / self[0, 0]
  }
}
