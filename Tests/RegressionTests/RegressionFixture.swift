import LinearAlgebra
import Regression
import TestSupport

/// `regressions_floor.json`.
struct RegressionFixture: Decodable {
  struct Fit: Decodable {
    let k, rSquared: Double?
    let residualSquares: Double
    let coefficients: [Double]
    let classical: [[Double]]
    let covariances: [String: [[Double]]]
  }
  struct RidgeFit: Decodable {
    let penalty, constant, meanSquaredError: Double
    let slopes: [Double]
  }
  struct Difference: Decodable {
    let statistic, pValue: Double
    let estimate: [Double]
    let covariance: [[Double]]
  }
  struct Wald: Decodable {
    let statistic, pValue: Double
    let degreesOfFreedom: Int
    let difference: [Double]
    let covariance: [[Double]]
  }
  let c: [[Double]]
  let weights: [Double]
  let clusters: [Int]
  let lags: Int
  let leastSquares, weighted, twoStage, limitedInformation, fuller, fixed: Fit
  let ridge: [RidgeFit]
  let difference: Difference
  let wald: Wald

  static let shared = try! oracle("regressions_floor.json", as: RegressionFixture.self)

  static let exogenous = [0, 1, 2]
  static let endogenous = [3, 4]
  static let instruments = [5, 6, 7]
  static let response = 8
  static let regressors = exogenous + endogenous

  var columns: Matrix { Matrix(c) }
  var gram: Matrix { columns.gram() }

  func kind(_ name: String) -> MeatKind {
    let kinds: [String: MeatKind] = [
      "hc0": .hc0, "hc1": .hc1, "hc2": .hc2, "hc3": .hc3, "cr0": .cr0, "cr1": .cr1, "bartlett": .bartlett(lags: lags),
    ]
    return kinds[name]!
  }

  func leastSquares(_ gram: Matrix) throws -> LeastSquares {
    try LeastSquares(gram, regressors: Self.regressors, response: Self.response)
  }

  func kClass(_ estimator: KClassEstimator, _ gram: Matrix? = nil, instruments: [Int] = Self.instruments) throws
    -> KClass
  {
    try KClass(
      gram ?? self.gram, response: Self.response, endogenous: Self.endogenous, exogenous: Self.exogenous,
      instruments: instruments, estimator: estimator)
  }

  /// The meat of all rows, cut into chunks that are summed in any order.
  func meat(
    _ kind: MeatKind, _ scores: RegressionScores, weights: [Double]? = nil, chunks: [Range<Int>]? = nil,
    order: [Int]? = nil
  ) -> Meat {
    let chunks = chunks ?? [0..<c.count]
    let zero = Meat(kind, width: scores.regressors.rows, clusterCount: 9, chunkCount: chunks.count)
    var total = zero
    for chunk in order ?? Array(chunks.indices) {
      let rows = Array(chunks[chunk])
      var block = scores.block(
        columns.selecting(rows: rows, columns: Array(0..<columns.columns)),
        weights: weights.map { w in rows.map { w[$0] } })
      block.clusters = rows.map { clusters[$0] }
      var partial = zero
      partial.add(block, chunk: chunk)
      total.summands = zip(total.summands, partial.summands).map { $0 + $1 }
    }
    return total
  }
}

extension Matrix {
  /// Σ v c c' of the rows c of this matrix.
  func gram(weights: [Double]? = nil) -> Matrix {
    var weighted = self
    if let weights { for i in 0..<rows { for j in 0..<columns { weighted[i, j] *= weights[i] } } }
    return transposed * weighted
  }

  /// The rows with one column replaced.
  func replacing(_ column: Int, _ body: (_ value: Double, _ row: Int) -> Double) -> Matrix {
    var result = self
    for i in 0..<rows { result[i, column] = body(self[i, column], i) }
    return result
  }

  var nested: [[Double]] { (0..<rows).map { Array(self[row: $0]) } }
}

/// The largest error of an entry, each as a share of the one expected.
func relativeDistance(_ actual: Matrix, _ expected: [[Double]]) -> Double {
  guard actual.rows == expected.count, actual.values.allSatisfy(\.isFinite) else { return .infinity }
  return zip(actual.values, expected.joined()).reduce(0) { max($0, abs($1.0 / $1.1 - 1)) }
}
