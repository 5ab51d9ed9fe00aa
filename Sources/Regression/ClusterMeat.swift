import LinearAlgebra

/// Σ_g S_g S_g' over clusters of rows that may lie anywhere: sums by cluster first, products when all are summed.
struct ClusterMeat: MeatSums {
  let isCorrected: Bool
  private let width: Int
  /// Per cluster its number of rows, then S_g.
  var summands: [Double]

  init(width: Int, clusterCount: Int, isCorrected: Bool) {
    self.isCorrected = isCorrected
    self.width = width
    summands = Array(repeating: 0, count: clusterCount * (width + 1))
  }

  mutating func add(_ block: ScoreBlock, chunk: Int) {
    for (i, cluster) in block.clusters.enumerated() {
      let start = cluster * (width + 1)
      summands[start] += 1
      for j in 0..<width { summands[start + 1 + j] += block.scores[i, j] }
    }
  }

  func matrix(parameterCount: Int) -> Matrix {
    let rows = Matrix(rows: summands.count / (width + 1), columns: width + 1, values: summands)
    let all = Array(0..<rows.rows)
    let scores = rows.selecting(rows: all, columns: Array(1...width))
    let products = scores.transposed * scores
    guard isCorrected else { return products }
    let counts = all.map { rows[$0, 0] }
    let (n, groups) = (counts.reduce(0, +), Double(counts.count { $0 > 0 }))
    return (groups / (groups - 1) * (n - 1) / (n - Double(parameterCount))) * products
  }
}
