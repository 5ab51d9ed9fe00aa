import LinearAlgebra
import Regression

/// Variances of the moments m(β) = Σ v q (β'r) as functions of β = (-b, 1): matrices by pairs of columns of r, so that a
/// test of any b, and a confidence set, is algebra.
struct MomentVariances: Sendable {
  /// M = Σ v q r' [L, q + 1].
  let moments: Matrix
  /// V_ab [L, L] for each a and b: the covariance of the moments of r_a with those of r_b.
  private let blocks: [Matrix]

  /// - Throws: ``CovarianceUnavailable`` for HC2 and HC3.
  init(_ regression: InstrumentalRegression, _ kind: InstrumentalCovariance) throws {
    moments = regression.stage.orthonormal
    let targets = Array(0...regression.endogenousCount)
    switch kind {
    case .unadjusted:
      let variance = (1 / regression.firstStageFreedom) * regression.products.residual
      blocks = targets.flatMap { a in targets.map { variance[a, $0] * .identity(regression.instrumentCount) } }
    case .hc0, .hc1:
      let factor = kind == .hc0 ? 1 : regression.rowCount / regression.firstStageFreedom
      blocks = targets.flatMap { a in targets.map { factor * regression.sums.moment(a, $0) } }
    case .clustered(let ways):
      blocks = Self.clustered(regression, ways)
    case .hc2, .hc3: throw CovarianceUnavailable(estimator: .gmm, covariance: kind)
    }
  }

  private static func clustered(_ regression: InstrumentalRegression, _ ways: [Int]) -> [Matrix] {
    let (count, length) = (regression.endogenousCount + 1, regression.instrumentCount)
    // One meat of all moments of all columns, column after column.
    let whole = regression.clustered(ways) { sums in
      (0..<count).flatMap { a in (0..<length).map { sums.moment[$0, a] } }
    }
    func places(_ a: Int) -> [Int] { Array(a * length..<(a + 1) * length) }
    return (0..<count).flatMap { a in (0..<count).map { whole.selecting(rows: places(a), columns: places($0)) } }
  }

  /// q + 1.
  var count: Int { moments.columns }
  /// L.
  var instrumentCount: Int { moments.rows }

  /// Σ_b β_b V_ab.
  func covariance(ofColumn a: Int, _ beta: [Double]) -> Matrix {
    var sum = Array(repeating: 0.0, count: instrumentCount * instrumentCount)
    for (b, factor) in beta.enumerated() where factor != 0 {
      let block = blocks[a * count + b].values
      for i in sum.indices { sum[i] += factor * block[i] }
    }
    return Matrix(rows: instrumentCount, columns: instrumentCount, values: sum)
  }

  /// The statistics at β, which do not change when β is multiplied by a number.
  func evaluate(_ beta: [Double]) throws(NotPositiveDefinite) -> MomentTest {
    let covariances = (0..<count).map { covariance(ofColumn: $0, beta) }
    var variance = Matrix(rows: instrumentCount, columns: instrumentCount)
    for (factor, covariance) in zip(beta, covariances) { variance = variance + factor * covariance }
    let factor = try Cholesky(variance)
    let moment = moments * beta
    let weighted = factor.solve(moment)
    // D̂_a = M_a - Cov(q r_a, q u) V⁻¹ m: the part of the first stage that is independent of the moments.
    var independent = moments
    for (a, covariance) in covariances.enumerated() {
      let shared = covariance * weighted
      for l in 0..<instrumentCount { independent[l, a] -= shared[l] }
    }
    return MomentTest(
      andersonRubin: dot(moment, weighted), weighted: weighted, independent: independent, factor: factor)
  }
}

/// The moments at one β.
struct MomentTest: Sendable {
  /// m'V⁻¹m.
  let andersonRubin: Double
  /// V⁻¹m.
  let weighted: [Double]
  /// D̂ [L, q + 1], of all columns of r.
  let independent: Matrix
  /// Of V.
  let factor: Cholesky

  /// D̂'V⁻¹m: half the gradient of ``andersonRubin`` in β.
  var gradient: [Double] { independent.transposed * weighted }

  /// Kleibergen's K: the part of m in the directions D̂ (Kleibergen 2005, "Testing parameters in GMM without assuming that
  /// they are identified").
  func lagrangeMultiplier(_ beta: [Double]) throws -> Double {
    // D̂ β = 0, so D̂ has the rank q: any complement of β has all of it.
    let directions = independent * Matrix.complement(of: beta)
    let pull = directions.transposed * weighted
    let normal = try Cholesky(directions.transposed * factor.solve(directions), tolerance: 0)
    return dot(pull, normal.solve(pull))
  }
}

extension Matrix {
  /// Orthonormal columns [n, n - 1] that are orthogonal to a vector.
  static func complement(of vector: [Double]) -> Matrix {
    // The reflection that takes the vector to a multiple of the unit vector at its largest entry; its other columns.
    let length = dot(vector, vector).squareRoot()
    let pivot = vector.indices.max { abs(vector[$0]) < abs(vector[$1]) } ?? 0
    var normal = vector
    normal[pivot] += vector[pivot] < 0 ? -length : length
    let square = dot(normal, normal)
    let columns = vector.indices.filter { $0 != pivot }
    var result = Matrix(rows: vector.count, columns: columns.count)
    for (place, column) in columns.enumerated() {
      for i in vector.indices { result[i, place] = (i == column ? 1 : 0) - 2 / square * normal[i] * normal[column] }
    }
    return result
  }
}
