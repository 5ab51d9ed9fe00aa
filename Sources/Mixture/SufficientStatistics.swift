import Communication
import LinearAlgebra

/// The sums that one E step leaves for the M step: per group Σ γ c c' with c = (1, r, t), which holds N_k and Σ γ c
/// in its first row, and the log-likelihood and entropy of the posteriors.
public struct SufficientStatistics: Reducible, Equatable {
  public let groupCount: Int
  /// The number of columns of c, p + 2.
  public let columnCount: Int
  /// The packed upper triangles of the groups one after another, then log-likelihood and entropy.
  public var summands: [Double]

  public init(groupCount: Int, columnCount: Int) {
    self.groupCount = groupCount
    self.columnCount = columnCount
    summands = Array(repeating: 0, count: groupCount * PackedTriangle.count(order: columnCount) + 2)
  }

  /// Σ_i w_i log Σ_k π_k f_k(c_i), at the parameters of the E step.
  public var logLikelihood: Double { summands[summands.count - 2] }
  /// - Σ_i w_i Σ_k γ_ik log γ_ik.
  public var entropy: Double { summands[summands.count - 1] }
  /// N_k = Σ_i w_i γ_ik.
  public func count(_ group: Int) -> Double { summands[group * PackedTriangle.count(order: columnCount)] }
  /// Σ_k N_k: the number of rows, or the sum of their weights.
  public var total: Double { (0..<groupCount).reduce(0) { $0 + count($1) } }

  /// Σ_i w_i γ_ik c_i c_i' [p + 2, p + 2].
  public func gram(_ group: Int) -> Matrix {
    let count = PackedTriangle.count(order: columnCount)
    return Matrix(packedTriangle: summands[group * count..<(group + 1) * count], order: columnCount)
  }

  /// Adds the E step of `forms` on one chunk.
  mutating func add(_ block: Kernel.Block, weights: UnsafePointer<Double>?, forms: MixtureForms) {
    let totals = summands.withUnsafeMutableBufferPointer { sums in
      forms.withKernelMixture { mixture in
        Kernel.pass(over: block, under: mixture, rowWeights: weights, addingGramTo: sums.baseAddress!)
      }
    }
    summands[summands.count - 2] += totals.logLikelihood
    summands[summands.count - 1] += totals.entropy
  }

  /// Adds one chunk with given group weights, `weights[group * stride + row]`, rows padded with zeros.
  mutating func add(_ block: Kernel.Block, groupWeights: UnsafePointer<Double>, stride: Int) {
    summands.withUnsafeMutableBufferPointer { sums in
      Kernel.addWeightedGram(
        of: block, weights: groupWeights, groupCount: groupCount, stride: stride, to: sums.baseAddress!)
    }
  }
}

extension Design {
  /// One pass: the E step of every model of a batch on all rows, summed by one reduction.
  public func statistics(of models: [some MixtureModel]) throws -> [SufficientStatistics] {
    let forms = models.map(\.forms)
    let zero = models.map { SufficientStatistics(groupCount: $0.groupCount, columnCount: columnCount) }
    return try rows.sum(Batch(zero)) { partial, chunk in
      try withBlock(ofChunk: chunk) { block, weights in
        for (index, forms) in forms.enumerated() { partial.parts[index].add(block, weights: weights, forms: forms) }
      }
    }.parts
  }

  /// The statistics of all rows as one group.
  public func pooledStatistics() throws -> SufficientStatistics { try statistics(folds: 1) }

  /// The statistics of rows in folds, as groups: row i is in fold i mod `folds`.
  public func statistics(folds: Int) throws -> SufficientStatistics {
    try statistics(groupCount: folds) { row, shares in shares[row % folds] = 1 }
  }

  /// The statistics of rows whose shares in the groups are given.
  ///
  /// - Parameter assign: adds the shares of a global row of this rank to K zeros; it must not communicate.
  public func statistics(
    groupCount: Int, assign: (_ row: Int, _ shares: inout [Double]) -> Void
  ) throws -> SufficientStatistics {
    let stride = RowGrid.chunkLength
    var shares = Array(repeating: 0.0, count: groupCount)
    return try rows.sum(SufficientStatistics(groupCount: groupCount, columnCount: columnCount)) { partial, chunk in
      let first = rows.grid.rows(ofChunk: chunk).lowerBound
      try withUnsafeTemporaryAllocation(
        byteCount: groupCount * stride * MemoryLayout<Double>.stride, alignment: 64
      ) { bytes in
        let groupWeights = bytes.bindMemory(to: Double.self)
        groupWeights.update(repeating: 0)
        try withBlock(ofChunk: chunk) { block, weights in
          for row in 0..<block.rowCount {
            for group in 0..<groupCount { shares[group] = 0 }
            assign(first + row, &shares)
            for group in 0..<groupCount { groupWeights[group * stride + row] = shares[group] * (weights?[row] ?? 1) }
          }
          partial.add(block, groupWeights: groupWeights.baseAddress!, stride: stride)
        }
      }
    }
  }
}

/// Several values summed in one reduction.
struct Batch<Value: Reducible>: Reducible {
  var parts: [Value]

  init(_ parts: [Value]) { self.parts = parts }

  var summands: [Double] {
    get { parts.flatMap(\.summands) }
    set {
      var first = 0
      for index in parts.indices {
        let count = parts[index].summands.count
        parts[index].summands = Array(newValue[first..<first + count])
        first += count
      }
    }
  }
}
