import LinearAlgebra

/// Sums of products of what rows move some quantities by, Σ ψ ψ', over observations and over clusters of their sums.
public struct InfluenceProducts: Sendable {
  /// The quantities, ψ_a for each.
  private let count: Int
  /// Clusters of each clustering, then of both together.
  private let cells: [Int]

  /// - Parameter clusterings: two at most.
  public init(_ count: Int, _ clusterings: [Clustering]) {
    self.count = count
    let counts = clusterings.map(\.count)
    cells = counts.count == 2 ? counts + [counts[0] * counts[1]] : counts
  }

  private var square: Int { count * count }
  private func start(_ clustering: Int) -> Int { square + cells[..<clustering].reduce(0, +) * count }

  /// Sums of no rows.
  public var zeros: [Double] { Array(repeating: 0, count: start(cells.count)) }

  /// Adds the rows of a chunk.
  ///
  /// - Parameters:
  ///   - influences: ψ_a of one observation of row i at `a * stride + i`.
  ///   - origin: where the sums begin.
  public func add(
    _ influences: UnsafePointer<Double>, stride: Int, of chunk: InstrumentalChunk, to sums: inout [Double],
    at origin: Int = 0
  ) {
    for row in 0..<chunk.rowCount {
      let frequency = chunk.frequencies?[row] ?? 1
      for a in 0..<count {
        let lifted = frequency * influences[a * stride + row]
        for b in 0..<count { sums[origin + a * count + b] += lifted * influences[b * stride + row] }
      }
      let codes = chunk.clusters.map { Int($0[row]) }
      for clustering in cells.indices {
        let cell = clustering < 2 ? codes[clustering] : codes[0] * cells[1] + codes[1]
        let place = origin + start(clustering) + cell * count
        for a in 0..<count { sums[place + a] += frequency * influences[a * stride + row] }
      }
    }
  }

  /// Their covariance, without factors of small samples: Σ ψ ψ' over observations where there are no `ways` of clustering, else
  /// over the clusters of one, or of two by inclusion and exclusion.
  public func covariance(_ sums: [Double], ways: [Int]) -> Matrix {
    switch ways.count {
    case 0: overRows(sums)
    case 1: overClusters(ways[0], sums)
    default: overClusters(ways[0], sums) + overClusters(ways[1], sums) - overClusters(2, sums)
    }
  }

  /// Σ ψ ψ' over observations.
  fileprivate func overRows(_ sums: [Double]) -> Matrix {
    Matrix(rows: count, columns: count, values: Array(sums[..<square]))
  }

  /// Σ_g ψ_g ψ_g' over the clusters of one clustering, or for 2 of both together.
  fileprivate func overClusters(_ clustering: Int, _ sums: [Double]) -> Matrix {
    let first = start(clustering)
    return Matrix(rows: cells[clustering], columns: count, values: Array(sums[first..<start(clustering + 1)])).gram
  }
}

extension InstrumentalRegression {
  /// The covariance of quantities that rows of this regression move by ψ, with the factors that its own covariances have.
  ///
  /// - Parameters:
  ///   - kind: HC0, HC1 or clusters.
  ///   - parameters: that the quantities were estimated with.
  /// - Precondition: ``InstrumentalCovariance/isSumOverRows``.
  public func covariance(
    _ kind: InstrumentalCovariance, of products: InfluenceProducts, _ sums: [Double], parameters: Int
  ) -> Matrix {
    switch kind {
    case .hc0: return products.overRows(sums)
    case .hc1: return (rowCount / (rowCount - Double(parameters))) * products.overRows(sums)
    case .clustered(let ways):
      func one(_ clustering: Int) -> Matrix {
        clusterFactor(self.sums.clusters(clustering).count, parameters: parameters)
          * products.overClusters(clustering, sums)
      }
      return ways.count == 1 ? one(ways[0]) : one(ways[0]) + one(ways[1]) - one(2)
    case .unadjusted, .hc2, .hc3: preconditionFailure("no sum over rows")
    }
  }
}
