import Communication
import LinearAlgebra

/// The sums that all answers come from, Σ cc' with c = (1, x, z) over the donors of each arm, in one reduction.
struct ArmSums: Reducible {
  /// Rows whose cells are packed at a time, so that they stay near.
  private static let rowsAtATime = 512

  private let starts: [Int]
  /// Those of each arm, and at the end the number of missing cells of all units.
  var summands: [Double]

  init(_ problem: PanelProblem) {
    var starts = [0]
    for arm in 0..<problem.armCount {
      starts.append(starts[arm] + PackedTriangle.count(order: Self.order(problem, arm)))
    }
    self.starts = starts
    summands = Array(repeating: 0, count: starts.last! + 1)
  }

  private static func order(_ problem: PanelProblem, _ arm: Int) -> Int {
    1 + problem.beforeCount + problem.afterCells(arm).count
  }

  /// Sums over the donors. Collective.
  static func sum(_ problem: PanelProblem, fills: Fills = Fills()) throws -> ArmSums {
    let rows = problem.panel.frame.rows
    let ones = AlignedBuffer(count: rows.grid.chunkLength)
    ones.pointer.update(repeating: 1, count: ones.count)
    return try rows.sum(ArmSums(problem)) { partial, chunk in
      partial.add(try UnitBlock(problem, chunk: chunk, fills: fills), problem, ones: ones)
    }
  }

  /// Missing cells of all units, whether filled or not.
  var missing: Int { Int(summands[starts.last!]) }

  private mutating func add(_ block: UnitBlock, _ problem: PanelProblem, ones: AlignedBuffer) {
    summands[starts.last!] += Double(block.missing.values.reduce(0) { $0 + $1.count })
    let donors = block.donors(problem)
    for arm in 0..<problem.armCount {
      let cells = Array(0..<problem.beforeCount) + Array(problem.afterCells(arm))
      let columns = [UnsafePointer(ones.pointer)] + cells.map { block[$0] }
      for start in stride(from: 0, to: donors[arm].count, by: Self.rowsAtATime) {
        let rows = donors[arm][start..<min(start + Self.rowsAtATime, donors[arm].count)]
        summands.withUnsafeMutableBufferPointer { sums in
          rows.withUnsafeBufferPointer {
            Kernel.addGram(of: columns, rows: $0, to: sums.baseAddress! + starts[arm])
          }
        }
      }
    }
  }

  /// The moments of an arm's donors.
  func moments(_ problem: PanelProblem, arm: Int, missing: MissingCounts = MissingCounts()) -> ArmMoments {
    ArmMoments(
      Matrix(packedTriangle: summands[starts[arm]..<starts[arm + 1]], order: Self.order(problem, arm)),
      beforeCount: problem.beforeCount, metricCount: problem.metrics.count, missing: missing)
  }
}

/// Cells of donors that were filled: they are no observations.
struct MissingCounts: Sendable, Codable, Equatable {
  var before = 0
  var after = 0
}

/// The sums Σ cc', c = (1, x, z), over the donors of an arm.
struct ArmMoments: Sendable {
  /// [1 + p + q, 1 + p + q].
  let products: Matrix
  let beforeCount: Int
  let metricCount: Int
  var missing: MissingCounts

  init(_ products: Matrix, beforeCount: Int, metricCount: Int, missing: MissingCounts = MissingCounts()) {
    self.products = products
    self.beforeCount = beforeCount
    self.metricCount = metricCount
    self.missing = missing
  }

  /// n.
  var donorCount: Int { Int(products[0, 0]) }
  /// q = T1 × M.
  var afterCount: Int { products.rows - 1 - beforeCount }

  /// The same with a unit more, or with `sign` -1 without it.
  func adding(_ before: [Double], _ after: [Double], sign: Double) -> ArmMoments {
    let values = [1] + before + after
    var products = products
    for i in values.indices { for j in values.indices { products[i, j] += sign * (values[i] * values[j]) } }
    return ArmMoments(products, beforeCount: beforeCount, metricCount: metricCount, missing: missing)
  }

  /// By metric the standard deviation over all cells before; 1 where it is 0, and where there is one metric.
  var scales: [Double] {
    guard metricCount > 1 else { return [1] }
    return (0..<metricCount).map { metric in
      let rows = stride(from: 1 + metric, through: beforeCount, by: metricCount)
      let count = products[0, 0] * Double(beforeCount / metricCount)
      let mean = rows.reduce(0) { $0 + products[0, $1] } / count
      let variance = rows.reduce(0) { $0 + products[$1, $1] } / count - mean * mean
      return variance > 1e-14 * mean * mean && variance > 0 ? variance.squareRoot() : 1
    }
  }
}
