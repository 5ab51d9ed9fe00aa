import LinearAlgebra
import Statistics

extension Matrix {
  /// W [d, r] with W' S W = I for this second-moment matrix S: eigenvectors over the roots of their eigenvalues, those
  /// below 1e-9 of the largest left out. Features that others determine cost no more than a column of W.
  func whitening() throws -> Matrix {
    let eigen = try SymmetricEigen(self)
    let largest = eigen.values.last ?? 0
    let kept = eigen.values.indices.filter { eigen.values[$0] > 1e-9 * largest && eigen.values[$0] > 0 }
    var result = Matrix(rows: rows, columns: kept.count)
    for (j, index) in kept.enumerated() {
      let root = eigen.values[index].squareRoot()
      for i in 0..<rows { result[i, j] = eigen.vectors[i, index] / root }
    }
    return result
  }

  /// The rows of matrices of one width, one after another.
  static func stacked(_ parts: [Matrix]) -> Matrix {
    Matrix(
      rows: parts.reduce(0) { $0 + $1.rows }, columns: parts.first?.columns ?? 0, values: parts.flatMap(\.values))
  }

  /// The first columns.
  func prefix(columns count: Int) -> Matrix { selecting(rows: Array(0..<rows), columns: Array(0..<count)) }
}

/// The test that the second-moment matrix E[a b'] of two feature vectors has a rank: n Σ_{j>k} ρ_j² of the canonical
/// values ρ of a and b, as χ² on (rank E[aa'] - k)(rank E[bb'] - k) degrees of freedom (Bartlett; Anderson 1951).
struct CanonicalRank: Sendable {
  /// Canonical values, descending.
  let values: [Double]
  let ranks: (Int, Int)
  /// The number of rows, of equal weight.
  let rowCount: Double

  /// The level at which a rank is refused.
  static let level = 0.01

  /// - Parameter whitened: W_a' E[ab'] W_b.
  init(singular: SingularValues, ranks: (Int, Int), rowCount: Double) {
    values = singular.values
    self.ranks = ranks
    self.rowCount = rowCount
  }

  init(_ cross: Matrix, _ left: Matrix, _ right: Matrix, rowCount: Double) throws {
    let (a, b) = (try left.whitening(), try right.whitening())
    self.init(
      singular: try SingularValues(a.transposed * cross * b), ranks: (a.columns, b.columns), rowCount: rowCount)
  }

  func degreesOfFreedom(_ rank: Int) -> Int { max(0, ranks.0 - rank) * max(0, ranks.1 - rank) }

  /// Nil where no feature is to spare.
  func test(_ rank: Int) -> ChiSquareTest? {
    let degrees = degreesOfFreedom(rank)
    guard degrees > 0 else { return nil }
    let sum = values.dropFirst(rank).reduce(0) { $0 + $1 * $1 }
    return ChiSquareTest(statistic: rowCount * sum, degreesOfFreedom: degrees)
  }

  /// The least rank that is not refused.
  var rank: Int {
    let most = max(1, min(ranks.0, ranks.1))
    return (1..<most).first { test($0)!.pValue > Self.level } ?? most
  }

  /// What a canonical value of 0 reaches by chance: the root of the mean of n ρ² over n, were all of them nothing but noise.
  var noise: Double { (Double(max(ranks.0, ranks.1)) / rowCount).squareRoot() }
}
