import LinearAlgebra

/// Scores of consecutive rows on their way into a ``Meat``.
public struct ScoreBlock: Sendable, Equatable {
  /// s_i, row by row [rows, p]; of a weighted row with its weight.
  public var scores: Matrix
  /// h_i, for HC2 and HC3 only.
  public var leverages: [Double]
  /// The cluster of each row, for clustered meats only.
  public var clusters: [Int]

  public init(scores: Matrix, leverages: [Double] = [], clusters: [Int] = []) {
    self.scores = scores
    self.leverages = leverages
    self.clusters = clusters
  }

  /// The scores of several estimates on the same rows side by side [rows, Σ p]: the joint meat of stacked estimates.
  ///
  /// Leverages belong to one regression and are dropped; clusters are those of the first block.
  ///
  /// - Precondition: all blocks have the same rows, and there is one.
  public init(stacking blocks: [ScoreBlock]) {
    let rows = blocks[0].scores.rows
    precondition(blocks.allSatisfy { $0.scores.rows == rows }, "stacked scores are of the same rows")
    let values = (0..<rows).flatMap { i in blocks.flatMap { $0.scores[row: i] } }
    let width = blocks.reduce(0) { $0 + $1.scores.columns }
    self.init(scores: Matrix(rows: rows, columns: width, values: values), clusters: blocks[0].clusters)
  }
}
