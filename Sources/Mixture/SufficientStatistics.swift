import Communication
import LinearAlgebra

/// The sums that one E step leaves for the M step: per group Σ γ c c' with c = (1, r, t), which holds N_k and Σ γ c
/// in its first row, and the log-likelihood and entropy of the posteriors.
///
/// A joint mixture whose log densities are no squares of linear forms needs more: with u the first form of a group,
/// Σ γ u c c' and Σ γ u² c c' where form 1 is bent, columns u C behind those of c where u has coefficients that vary with
/// columns C, and Σ π_k(ρ) ρρ' where shares depend on ρ; see ``RowTerms``. Where
/// errors are of a t law all these sums take γ times the expected precision of the row for γ, and N_k stands beside them;
/// see ``StudentErrors``.
public struct SufficientStatistics: Reducible, Equatable {
  public let groupCount: Int
  /// The number of columns of c, p + 2, and of u C.
  public let columnCount: Int
  /// 3 with the sums times u and u², else 1.
  let powerCount: Int
  /// The number of columns of ρ; 0 where shares do not depend on it.
  let shareColumnCount: Int
  /// The places of the packed upper triangles of the groups, then those times u, then those times u²: a row for each.
  let grams: PackedTable
  /// Of those of ρ, a row for each group.
  private let shareGrams: PackedTable
  /// N_k, and Σ γ (log of the precision - precision); nil where errors are normal.
  private let counts: PackedTable?
  private let logLikelihoodPlace: Int
  private let entropyPlace: Int
  public var summands: [Double]

  public init(groupCount: Int, columnCount: Int) {
    self.init(groupCount: groupCount, columnCount: columnCount, rowTerms: nil, hasPrecisions: false)
  }

  /// With all sums that the M step of a model with these forms needs.
  init(groupCount: Int, columnCount: Int, forms: MixtureForms) {
    self.init(
      groupCount: groupCount, columnCount: columnCount, rowTerms: forms.rowTerms, hasPrecisions: forms.errors != nil)
  }

  private init(groupCount: Int, columnCount: Int, rowTerms: RowTerms?, hasPrecisions: Bool) {
    self.groupCount = groupCount
    self.columnCount = columnCount + (rowTerms?.pulls?.columns.count ?? 0)
    powerCount = rowTerms.map { $0.bends.isEmpty ? 1 : 3 } ?? 1
    shareColumnCount = rowTerms?.shareColumnCount ?? 0
    var packing = Packing()
    grams = packing.table(powerCount * groupCount, PackedTriangle.count(order: self.columnCount))
    shareGrams = packing.table(groupCount, PackedTriangle.count(order: shareColumnCount))
    counts = hasPrecisions ? packing.table(2, groupCount) : nil
    logLikelihoodPlace = packing.number()
    entropyPlace = packing.number()
    summands = packing.zeros
  }

  /// The log-likelihood Σ_i w_i log Σ_k π_k f_k(c_i), at the parameters of the E step.
  public var logLikelihood: Double { summands[logLikelihoodPlace] }
  /// The entropy of the posteriors, - Σ_i w_i Σ_k γ_ik log γ_ik.
  public var entropy: Double { summands[entropyPlace] }
  /// The weight of a group, N_k = Σ_i w_i γ_ik.
  public func count(_ group: Int) -> Double { summands[counts?[0, group] ?? grams[group, 0]] }
  /// Σ_i w_i γ_ik (log u_ik - u_ik) of the precisions u; 0 where errors are normal.
  func tail(_ group: Int) -> Double { counts.map { summands[$0[1, group]] } ?? 0 }
  /// Σ_k N_k: the number of rows, or the sum of their weights.
  public var total: Double { (0..<groupCount).reduce(0) { $0 + count($1) } }

  /// Whether the sums on the columns of c are Σ γ c c', γ the posteriors, and no other than Gram matrices.
  package var isOfPosteriors: Bool { powerCount == 1 && shareColumnCount == 0 && counts == nil }

  /// Σ_i w_i γ_ik c_i c_i' [``columnCount``, ``columnCount``].
  public func gram(_ group: Int) -> Matrix { gram(group, power: 0) }

  /// Σ_i w_i γ_ik u_ik^power c_i c_i'.
  package func gram(_ group: Int, power: Int) -> Matrix {
    Matrix(packedTriangle: summands[grams.row(power * groupCount + group)], order: columnCount)
  }

  /// Σ_i w_i π_k(ρ_i) ρ_i ρ_i'.
  package func shareGram(_ group: Int) -> Matrix {
    Matrix(packedTriangle: summands[shareGrams.row(group)], order: shareColumnCount)
  }

  /// Adds the E step of `forms` on one chunk.
  ///
  /// - Parameters:
  ///   - groups: those whose Gram matrices are summed; nil for all.
  ///   - kept: takes the groups' weights, where they are wanted: those of a group ``PosteriorStore/stride`` from the next.
  mutating func add(
    _ block: Kernel.Block, weights: UnsafePointer<Double>?, forms: MixtureForms, summing groups: [Range<Int>]? = nil,
    keepingIn kept: (place: UnsafeMutablePointer<Double>, stride: Int)? = nil
  ) {
    let totals = forms.withKernelMixture(at: block) { mixture in
      if powerCount == 1 && counts == nil && groups == nil && forms.rowTerms?.pulls == nil {
        return summands.withUnsafeMutableBufferPointer { sums in
          Kernel.pass(over: block, under: mixture, rowWeights: weights, addingGramTo: sums.baseAddress! + grams.start)
        }
      }
      return withGroupWeights(groupCount, rowCount: block.rowCount) { gamma, stride in
        let totals = Kernel.responsibilities(
          of: block, under: mixture, rowWeights: weights, into: gamma, stride: stride)
        block.multiply(gamma, groupCount: groupCount, stride: stride, by: weights)
        multiplyPrecisions(gamma, stride: stride, block, of: forms)
        if let kept {
          for k in 0..<groupCount {
            (kept.place + k * kept.stride).update(from: gamma + k * stride, count: block.rowCount)
          }
        }
        addPowers(block, groupWeights: gamma, stride: stride, forms: forms, summing: groups)
        return totals
      }
    }
    addShares(block, weights: weights, forms: forms)
    summands[logLikelihoodPlace] += totals.logLikelihood
    summands[entropyPlace] += totals.entropy
  }

  /// Adds one chunk with given group weights, `weights[group * stride + row]`, rows padded with zeros.
  mutating func add(
    _ block: Kernel.Block, groupWeights: UnsafePointer<Double>, stride: Int, power: Int = 0,
    summing groups: [Range<Int>]? = nil
  ) {
    for groups in groups ?? [0..<groupCount] where !groups.isEmpty {
      let first = grams[power * groupCount + groups.lowerBound, 0]
      summands.withUnsafeMutableBufferPointer { sums in
        Kernel.addWeightedGram(
          of: block, weights: groupWeights + groups.lowerBound * stride, groupCount: groups.count, stride: stride,
          to: sums.baseAddress! + first)
      }
    }
  }

  /// Adds one chunk with given group weights to the sums of (c, u C).
  private mutating func addPulled(
    _ block: Kernel.Block, groupWeights: UnsafePointer<Double>, stride: Int, forms: MixtureForms,
    _ pulls: RowTerms.Pulls
  ) {
    let (denseForms, count) = (forms.denseForms, pulls.columns.count)
    withGroupWeights(count + 1, rowCount: block.rowCount) { scratch, width in
      let u = scratch + count * width
      let columns =
        (0..<block.columnCount).map { block.columns[$0] } + (0..<count).map { UnsafePointer(scratch + $0 * width) }
      for k in 0..<groupCount {
        block.evaluate(denseForms[2 * k], into: u)
        for (place, column) in pulls.columns.enumerated() {
          let (target, values) = (scratch + place * width, block.columns[column]!)
          for row in 0..<block.rowCount { target[row] = u[row] * values[row] }
        }
        columns.withUnsafeBufferPointer { columns in
          summands.withUnsafeMutableBufferPointer { sums in
            Kernel.addWeightedGram(
              of: Kernel.Block(
                columns: columns.baseAddress!, columnCount: columns.count, rowCount: block.rowCount),
              weights: groupWeights + k * stride, groupCount: 1, stride: stride, to: sums.baseAddress! + grams[k, 0])
          }
        }
      }
    }
  }

  /// Adds one chunk with given group weights, which are lost, to the sums times 1, u and u², or to those of (c, u C).
  mutating func addPowers(
    _ block: Kernel.Block, groupWeights: UnsafeMutablePointer<Double>, stride: Int, forms: MixtureForms,
    summing groups: [Range<Int>]? = nil
  ) {
    if let pulls = forms.rowTerms?.pulls {
      return addPulled(block, groupWeights: groupWeights, stride: stride, forms: forms, pulls)
    }
    add(block, groupWeights: groupWeights, stride: stride, summing: groups)
    guard powerCount > 1 else { return }
    withGroupWeights(groupCount, rowCount: block.rowCount) { u, width in
      for (k, form) in forms.denseForms.enumerated() where k % 2 == 0 { block.evaluate(form, into: u + k / 2 * width) }
      for power in 1..<powerCount {
        for k in 0..<groupCount {
          block.multiply(groupWeights + k * stride, groupCount: 1, stride: stride, by: u + k * width)
        }
        add(block, groupWeights: groupWeights, stride: stride, power: power)
      }
    }
  }

  /// Adds N_k of a chunk, and makes γ u of the posteriors γ; nothing where errors are normal.
  ///
  /// - Parameter forms: those of the posteriors.
  mutating func multiplyPrecisions(
    _ groupWeights: UnsafeMutablePointer<Double>, stride: Int, _ block: Kernel.Block, of forms: MixtureForms
  ) {
    guard let counts else { return }
    forms.withPrecisions(at: block) { precisions, width in
      guard let precisions else { return }
      withUnsafeTemporaryAllocation(of: Double.self, capacity: width) { scratch in
        let logs = scratch.baseAddress!
        for k in 0..<groupCount {
          let (gamma, u) = (groupWeights + k * stride, precisions + k * width)
          logs.update(from: u, count: block.rowCount)
          Kernel.logarithms(of: logs, count: block.rowCount)
          var (count, tail) = (0.0, 0.0)
          for row in 0..<block.rowCount {
            count += gamma[row]
            tail += gamma[row] * (logs[row] - u[row])
            gamma[row] *= u[row]
          }
          summands[counts[0, k]] += count
          summands[counts[1, k]] += tail
        }
      }
    }
  }

  /// Adds one chunk to the sums of ρ.
  mutating func addShares(_ block: Kernel.Block, weights: UnsafePointer<Double>?, forms: MixtureForms) {
    guard shareColumnCount > 0, let rowTerms = forms.rowTerms else { return }
    let first = shareGrams.start
    withGroupWeights(groupCount, rowCount: block.rowCount) { shares, stride in
      rowTerms.fillShares(shares, stride: stride, block)
      block.multiply(shares, groupCount: groupCount, stride: stride, by: weights)
      var leading = block
      leading.columnCount = shareColumnCount
      summands.withUnsafeMutableBufferPointer { sums in
        Kernel.addWeightedGram(
          of: leading, weights: shares, groupCount: groupCount, stride: stride, to: sums.baseAddress! + first)
      }
    }
  }
}

/// Gives `body` K zeros for each row of a chunk, group after group, aligned as the kernels want them.
package func withGroupWeights<Result>(
  _ groupCount: Int, rowCount: Int, _ body: (_ weights: UnsafeMutablePointer<Double>, _ stride: Int) throws -> Result
) rethrows -> Result {
  let stride = paddedWeightCount(rowCount)
  return try withUnsafeTemporaryAllocation(
    byteCount: groupCount * stride * MemoryLayout<Double>.stride, alignment: 64
  ) { bytes in
    let weights = bytes.bindMemory(to: Double.self)
    weights.update(repeating: 0)
    return try body(weights.baseAddress!, stride)
  }
}

/// Numbers from the weights of one group to those of the next: offsets of groups are read in whole tiles of 32 rows.
func paddedWeightCount(_ rowCount: Int) -> Int { (rowCount + 31) / 32 * 32 }

extension Kernel.Block {
  /// Multiplies the weights of each group by one factor per row; nil for 1.
  func multiply(
    _ groupWeights: UnsafeMutablePointer<Double>, groupCount: Int, stride: Int, by factors: UnsafePointer<Double>?
  ) {
    guard let factors else { return }
    for k in 0..<groupCount { for row in 0..<rowCount { groupWeights[k * stride + row] *= factors[row] } }
  }
}

extension Design {
  /// One pass: the E step of every model of a batch on all rows, summed by one reduction.
  public func statistics(of models: [some MixtureModel]) throws -> [SufficientStatistics] {
    try statistics(of: models, summing: models.map { _ in nil })
  }

  /// - Parameters:
  ///   - groups: of each model, those whose Gram matrices are summed; nil for all.
  ///   - store: takes the weights of groups of the models that it was made for.
  func statistics(
    of models: [some MixtureModel], summing groups: [[Range<Int>]?], keepingIn store: PosteriorStore? = nil
  ) throws -> [SufficientStatistics] {
    let forms = models.map(\.forms)
    let zero = zip(models, forms).map {
      SufficientStatistics(groupCount: $0.groupCount, columnCount: columnCount, forms: $1)
    }
    return try rows.sum(Batch(zero)) { partial, chunk in
      try withBlock(ofChunk: chunk) { block, weights in
        for (index, forms) in forms.enumerated() {
          partial.parts[index].add(
            block, weights: weights, forms: forms, summing: groups[index],
            keepingIn: store.flatMap { store in store.weights(index, chunk).map { ($0, store.stride) } })
        }
      }
    }.parts
  }

  /// The statistics of all rows as one group: by one pass, and from then on those of before.
  public func pooledStatistics() throws -> SufficientStatistics {
    if let pooled { return pooled }
    let statistics = try statistics(folds: 1)
    pooled = statistics
    return statistics
  }

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
    var shares = Array(repeating: 0.0, count: groupCount)
    return try rows.sum(SufficientStatistics(groupCount: groupCount, columnCount: columnCount)) { partial, chunk in
      try withGroupWeights(groupCount, rowCount: chunk.rows.count) { groupWeights, stride in
        try withBlock(ofChunk: chunk) { block, weights in
          for row in 0..<block.rowCount {
            for group in 0..<groupCount { shares[group] = 0 }
            assign(chunk.rows.lowerBound + row, &shares)
            for group in 0..<groupCount { groupWeights[group * stride + row] = shares[group] * (weights?[row] ?? 1) }
          }
          partial.add(block, groupWeights: groupWeights, stride: stride)
        }
      }
    }
  }
}

/// Several values summed in one reduction.
package struct Batch<Value: Reducible>: Reducible {
  package var parts: [Value]

  package init(_ parts: [Value]) { self.parts = parts }

  package var summands: [Double] {
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
