import Communication
import LinearAlgebra

extension InstrumentalRegression {
  /// What a further influence of the rows adds to the covariances of estimates: with ψ_i what an observation moves b by
  /// when all columns are known, and ℓ_i what it moves b by through columns that were estimated from the same rows,
  /// Σ (ψ ℓ' + ℓ ψ' + ℓ ℓ') over observations, or over clusters of their sums with the factors that the covariance has. One
  /// pass. Collective.
  ///
  /// - Parameters:
  ///   - kinds: HC0, HC1 or clusters, of each estimator.
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
    let q = endogenousCount
    // For each estimator ψ, then ℓ.
    let products = InfluenceProducts(2 * q, clusterings)
    let length = products.zeros.count
    let zeros = [Double](repeating: 0, count: estimators.count * length)
    let found = try source.rows.sum(zeros) { sums, index in
      try source.withChunk(index) { chunk in
        let stride = Kernel.paddedCount(chunk.rowCount)
        let count = estimators.count * q
        let buffer = AlignedBuffer(count: 2 * (count + q) * stride)
        let (own, further) = (buffer.pointer, buffer.pointer + count * stride)
        let both = further + count * stride
        let terms = RowTerms(forms, self.sums.layout)
        for (place, block) in chunk.blocks.enumerated() {
          terms.fillInfluence(
            of: block, standardization, influences, influences: own + place * InstrumentalChunk.blockLength,
            stride: stride)
        }
        for (j, unit) in (0..<count).map({ ($0, slopeUnits[$0 % q]) }) {
          for row in 0..<chunk.rowCount { own[j * stride + row] *= unit }
        }
        try fill(index, further, stride)
        for estimator in estimators.indices {
          both.update(from: own + estimator * q * stride, count: q * stride)
          (both + q * stride).update(from: further + estimator * q * stride, count: q * stride)
          products.add(both, stride: stride, of: chunk, to: &sums, at: estimator * length)
        }
      }
    }
    let (first, second) = (Array(0..<q), Array(q..<2 * q))
    return zip(kinds.indices, kinds).map { place, kind in
      let whole = covariance(
        kind, of: products, Array(found[place * length..<(place + 1) * length]), parameters: parameterCount)
      let cross = whole.selecting(rows: first, columns: second)
      return cross + cross.transposed + whole.selecting(rows: second, columns: second)
    }
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
