import Communication
import LinearAlgebra

extension InstrumentalRegression {
  /// What a further influence of the rows adds to the covariances of estimates: with ψ_i what an observation moves b by
  /// when all columns are known, and ℓ_i what it moves b by through columns that were estimated from the same rows,
  /// Σ (ψ ℓ' + ℓ ψ' + ℓ ℓ') over observations, or over clusters of their sums with the factors that the covariance has. One
  /// pass. Collective.
  ///
  /// - Parameters:
  ///   - kind: HC0, HC1 or clusters.
  ///   - source: the rows of this regression.
  ///   - fill: writes ℓ_ia of the rows of a chunk to `values[(e * q + a) * stride + row]`, e the place of an estimator; it
  ///     must not communicate.
  /// - Returns: a matrix [q, q] for each estimator.
  /// - Throws: ``CovarianceUnavailable`` for a covariance that has no sum over rows; on all ranks the same ``Failure`` when
  ///   a chunk cannot be read.
  public func covarianceAdditions(
    _ estimators: [InstrumentalEstimator], _ kinds: [InstrumentalCovariance], of source: some InstrumentalRows,
    fill: (_ chunk: Int, _ values: UnsafeMutablePointer<Double>, _ stride: Int) throws -> Void
  ) throws -> [Matrix] {
    let influences = try zip(estimators, kinds).map { estimator, kind in
      guard kind.isSumOverRows else { throw CovarianceUnavailable(estimator: estimator, covariance: kind) }
      return try InfluenceForm(estimator, kind, of: self)
    }
    let cells = InfluenceCells(
      sums.layout.clusterCells, estimators: estimators.count, coefficients: endogenousCount)
    let found = try source.rows.sum(cells.zeros) { sums, index in
      try source.withChunk(index) { chunk in
        let stride = Kernel.paddedCount(chunk.rowCount)
        let count = estimators.count * endogenousCount
        let buffer = AlignedBuffer(count: 2 * count * stride)
        let (own, further) = (buffer.pointer, buffer.pointer + count * stride)
        let terms = RowTerms(forms, self.sums.layout)
        for (place, block) in chunk.blocks.enumerated() {
          terms.fillInfluence(
            of: block, standardization, influences, influences: own + place * InstrumentalChunk.blockLength,
            stride: stride)
        }
        for (j, unit) in (0..<count).map({ ($0, slopeUnits[$0 % endogenousCount]) }) {
          for row in 0..<chunk.rowCount { own[j * stride + row] *= unit }
        }
        try fill(index, further, stride)
        cells.add(chunk, own, further, stride: stride, to: &sums)
      }
    }
    return zip(kinds.indices, kinds).map { place, kind in
      switch kind {
      case .clustered(let ways): addition(of: place, ways, cells, found)
      case .hc1: parameterFactor * cells.products(place, found)
      default: cells.products(place, found)
      }
    }
  }

  /// Of one clustering, or with inclusion and exclusion of two.
  private func addition(of place: Int, _ ways: [Int], _ cells: InfluenceCells, _ found: [Double]) -> Matrix {
    func one(_ clustering: Int) -> Matrix {
      clusterFactor(sums.clusters(clustering).count, parameters: parameterCount)
        * cells.clusterProducts(place, clustering, found)
    }
    return ways.count == 1 ? one(ways[0]) : one(ways[0]) + one(ways[1]) - one(2)
  }
}

extension InstrumentalCovariance {
  /// Whether it is a sum of products of influences over rows or clusters, so that a further influence can be added.
  public var isSumOverRows: Bool {
    switch self {
    case .hc0, .hc1, .clustered: true
    case .unadjusted, .hc2, .hc3: false
    }
  }
}

/// Where sums of influences lie: for each estimator Σ ψ ℓ' and Σ ℓ ℓ' over rows, then for each cluster of each clustering
/// Σ ψ and Σ ℓ.
private struct InfluenceCells {
  let clusterings: [Int]
  let estimators: Int
  let coefficients: Int

  init(_ clusterings: [Int], estimators: Int, coefficients: Int) {
    (self.clusterings, self.estimators, self.coefficients) = (clusterings, estimators, coefficients)
  }

  private var square: Int { coefficients * coefficients }
  private var columns: Int { estimators * coefficients }
  private func start(_ clustering: Int) -> Int {
    estimators * 2 * square + clusterings[..<clustering].reduce(0, +) * 2 * columns
  }

  var zeros: [Double] { Array(repeating: 0, count: start(clusterings.count)) }

  func add(
    _ chunk: InstrumentalChunk, _ own: UnsafePointer<Double>, _ further: UnsafePointer<Double>, stride: Int,
    to sums: inout [Double]
  ) {
    for estimator in 0..<estimators {
      for a in 0..<coefficients {
        for b in 0..<coefficients {
          let place = estimator * 2 * square + a * coefficients + b
          let (first, second) = ((estimator * coefficients + a) * stride, (estimator * coefficients + b) * stride)
          for row in 0..<chunk.rowCount {
            let lifted = (chunk.frequencies?[row] ?? 1) * further[second + row]
            sums[place] += own[first + row] * lifted
            sums[place + square] += further[first + row] * lifted
          }
        }
      }
    }
    for clustering in clusterings.indices {
      for row in 0..<chunk.rowCount {
        let codes = chunk.clusters.map { Int($0[row]) }
        let cell = clustering < 2 ? codes[clustering] : codes[0] * clusterings[1] + codes[1]
        let place = start(clustering) + cell * 2 * columns
        let frequency = chunk.frequencies?[row] ?? 1
        for j in 0..<columns {
          sums[place + j] += frequency * own[j * stride + row]
          sums[place + columns + j] += frequency * further[j * stride + row]
        }
      }
    }
  }

  /// Σ (ψ ℓ' + ℓ ψ' + ℓ ℓ') over rows.
  func products(_ estimator: Int, _ sums: [Double]) -> Matrix {
    func matrix(_ place: Int) -> Matrix {
      Matrix(rows: coefficients, columns: coefficients, values: Array(sums[place..<place + square]))
    }
    let cross = matrix(estimator * 2 * square)
    return cross + cross.transposed + matrix(estimator * 2 * square + square)
  }

  /// The same over the clusters of one clustering.
  func clusterProducts(_ estimator: Int, _ clustering: Int, _ sums: [Double]) -> Matrix {
    var result = Matrix(rows: coefficients, columns: coefficients)
    for cell in 0..<clusterings[clustering] {
      let place = start(clustering) + cell * 2 * columns + estimator * coefficients
      for a in 0..<coefficients {
        for b in 0..<coefficients {
          let own = (sums[place + a], sums[place + b])
          let further = (sums[place + columns + a], sums[place + columns + b])
          result[a, b] += own.0 * further.1 + further.0 * own.1 + further.0 * further.1
        }
      }
    }
    return result
  }
}
