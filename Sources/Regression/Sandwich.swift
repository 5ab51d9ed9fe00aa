import LinearAlgebra

/// The covariance of estimates whose errors are A Σ s_i: A B A', with the bread A and the meat B = Var(Σ s_i).
///
/// Only the meat differs between kinds of dependence among the rows; see ``MeatKind``.
public struct Sandwich: Sendable, Equatable {
  /// A B A' [q, q].
  public let covariance: Matrix

  /// - Parameters:
  ///   - bread: A [q, p]: for a regression the inverse of its normal equations.
  ///   - meat: B [p, p].
  public init(bread: Matrix, meat: Matrix) {
    covariance = bread * meat * bread.transposed
  }

  /// The covariance of several estimates on the same rows, stacked: the breads stand in blocks, and A_a s_a of each is
  /// its influence function. What the estimates share is in the blocks of the meat beside the diagonal (Newey and
  /// McFadden 1994, section 6).
  ///
  /// - Parameters:
  ///   - breads: One per estimate, in the order of ``ScoreBlock/init(stacking:)``.
  ///   - meat: The joint meat of the stacked scores [Σ p, Σ p].
  public init(stacking breads: [Matrix], meat: Matrix) {
    var block = Matrix(rows: breads.reduce(0) { $0 + $1.rows }, columns: breads.reduce(0) { $0 + $1.columns })
    var (row, column) = (0, 0)
    for bread in breads {
      for i in 0..<bread.rows { for j in 0..<bread.columns { block[row + i, column + j] = bread[i, j] } }
      row += bread.rows
      column += bread.columns
    }
    self.init(bread: block, meat: meat)
  }

  /// The square roots of the variances; rounding never makes one NaN.
  public var standardErrors: [Double] { covariance.diagonal.map { max($0, 0).squareRoot() } }

  /// R V R', the covariance of the combinations R b of the (stacked) coefficients [rows of R, rows of R].
  public func covariance(of contrasts: Matrix) -> Matrix {
    contrasts * covariance * contrasts.transposed
  }

  /// The covariance of the differences b_i - b_j of pairs of (stacked) coefficients.
  public func covariance(ofDifferences pairs: [(Int, Int)]) -> Matrix {
    var contrasts = Matrix(rows: pairs.count, columns: covariance.rows)
    for (row, pair) in pairs.enumerated() {
      contrasts[row, pair.0] += 1
      contrasts[row, pair.1] -= 1
    }
    return covariance(of: contrasts)
  }
}
