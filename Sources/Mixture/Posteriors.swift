import Communication
import Frames
import LinearAlgebra

/// How a row gets its label from its posterior.
public enum LabelRule: String, Sendable, Codable, CaseIterable {
  /// The likeliest group, the first of equal ones.
  case argmax
  /// A draw z_i ~ Disc(γ_i), keyed by the row's global index.
  case sampled
}

/// The posteriors and labels of one chunk of rows.
public struct PosteriorBlock {
  /// γ_ik, row after row: rows × K.
  public let posteriors: [Double]
  public let labels: [Int]
}

/// Posteriors of a final E step, so that labels and parameters agree.
public struct PosteriorRule: Sendable {
  public let forms: MixtureForms
  public let groupCount: Int
  public let labelRule: LabelRule
  /// By what drawn labels are keyed where a design has more rows than were fitted: these first, then the others.
  public var numbering: RowSelection?
  let random: CounterRandom

  public init(model: some MixtureModel, labelRule: LabelRule, seed: UInt64) {
    forms = model.forms
    groupCount = model.groupCount
    self.labelRule = labelRule
    random = CounterRandom(seed: seed, stream: .sampledLabels)
  }

  /// The E step of one chunk, with the log-likelihood and entropy of its rows.
  ///
  /// - Parameter others: the weights of the rows in these; nil for the design's own.
  /// - Throws: ``Failure`` when the chunk cannot be read.
  public func callAsFunction(_ design: Design, chunk: DesignChunk, weights others: [Double]? = nil) throws -> (
    block: PosteriorBlock, totals: Kernel.Totals
  ) {
    let rows = chunk.rows
    return try withGroupWeights(groupCount, rowCount: rows.count) { gamma, stride in
      let totals = try design.withBlock(ofChunk: chunk) { block, weights in
        forms.withKernelMixture(at: block) { mixture in
          guard let others else {
            return Kernel.responsibilities(
              of: block, under: mixture, rowWeights: weights, into: gamma, stride: stride)
          }
          return withGroupWeights(1, rowCount: rows.count) { padded, _ in
            for row in 0..<rows.count { padded[row] = others[row] }
            return Kernel.responsibilities(
              of: block, under: mixture, rowWeights: padded, into: gamma, stride: stride)
          }
        }
      }
      var posteriors: [Double] = []
      posteriors.reserveCapacity(rows.count * groupCount)
      var labels: [Int] = []
      labels.reserveCapacity(rows.count)
      for row in 0..<rows.count {
        for group in 0..<groupCount { posteriors.append(gamma[group * stride + row]) }
        labels.append(label(posteriors.suffix(groupCount), row: rows.lowerBound + row))
      }
      return (PosteriorBlock(posteriors: posteriors, labels: labels), totals)
    }
  }

  private func label(_ posterior: ArraySlice<Double>, row: Int) -> Int {
    if labelRule == .sampled {
      return random.categorical(row: numbering?.place(of: row) ?? row, draw: 0, probabilities: posterior)
    }
    var best = posterior.startIndex
    for index in posterior.indices where posterior[index] > posterior[best] { best = index }
    return best - posterior.startIndex
  }
}

/// What a final E step says about the labels: fit, sizes, balance of covariates, agreement with the truth.
public struct LabelSummary: Reducible {
  public let groupCount: Int
  public let covariateCount: Int
  /// The number of true labels; 0 when they are unknown.
  public let truthCount: Int
  private let places: Places
  public var summands: [Double]

  /// Of the sums; those per group one after another.
  private struct Places {
    let logLikelihood: Int
    let entropy: Int
    let rowCounts: PackedVector
    let weights: PackedVector
    /// Σ w², or Σ w of frequencies.
    let squaredWeights: PackedVector
    /// Σ w x and Σ w x² [K, m].
    let sums: PackedTable
    let squares: PackedTable
    /// Rows by found and true label.
    let confusion: PackedTable
  }

  public init(groupCount: Int, covariateCount: Int, truthCount: Int) {
    self.groupCount = groupCount
    self.covariateCount = covariateCount
    self.truthCount = truthCount
    var packing = Packing()
    places = Places(
      logLikelihood: packing.number(), entropy: packing.number(), rowCounts: packing.vector(groupCount),
      weights: packing.vector(groupCount), squaredWeights: packing.vector(groupCount),
      sums: packing.table(groupCount, covariateCount),
      squares: packing.table(groupCount, covariateCount), confusion: packing.table(groupCount, truthCount))
    summands = packing.zeros
  }

  public var logLikelihood: Double { summands[places.logLikelihood] }
  public var entropy: Double { summands[places.entropy] }
  /// Rows labelled k, or what they stand for where weights are frequencies.
  public func rowCount(_ group: Int) -> Int { Int(summands[places.rowCounts[group]]) }
  /// The weight of the rows labelled k.
  public func weight(_ group: Int) -> Double { summands[places.weights[group]] }
  /// As many rows as the mean of those labelled k is worth: (Σ w)² / Σ w² (Kish 1965), or n_k where weights are frequencies.
  public func effectiveCount(_ group: Int) -> Double {
    let (weight, squares) = (weight(group), summands[places.squaredWeights[group]])
    return squares > 0 ? weight * weight / squares : 0
  }
  /// The mean of x over the rows labelled k; nil when there are none.
  public func mean(_ group: Int) -> [Double]? {
    let weight = weight(group)
    guard weight > 0 else { return nil }
    return summands[places.sums.row(group)].map { $0 / weight }
  }
  /// The variance of x over the rows labelled k.
  public func variance(_ group: Int) -> [Double]? {
    let weight = weight(group)
    return mean(group).map { mean in
      mean.enumerated().map { j, value in
        max(summands[places.squares[group, j]] / weight - value * value, 0)
      }
    }
  }
  /// Rows by true label and found label; empty when the truth is unknown.
  public var confusion: [[Int]] {
    (0..<truthCount).map { truth in
      (0..<groupCount).map { Int(summands[places.confusion[$0, truth]]) }
    }
  }

  /// Adds a chunk.
  ///
  /// - Parameters:
  ///   - covariates: a pointer per covariate to the chunk's rows, about any pivot.
  ///   - frequencies: how many rows each row stands for; nil for one.
  ///   - truth: per row the true label, 0 ..< truthCount; nil when unknown.
  public mutating func add(
    _ block: PosteriorBlock, totals: Kernel.Totals, covariates: [UnsafePointer<Double>],
    weights: UnsafePointer<Double>?, frequencies: UnsafePointer<Double>? = nil, truth: [Int]?
  ) {
    summands[places.logLikelihood] += totals.logLikelihood
    summands[places.entropy] += totals.entropy
    for (row, label) in block.labels.enumerated() {
      let weight = weights?[row] ?? 1
      let count = frequencies?[row] ?? 1
      summands[places.rowCounts[label]] += count
      summands[places.weights[label]] += weight
      summands[places.squaredWeights[label]] += frequencies == nil ? weight * weight : weight
      for j in 0..<covariateCount {
        let value = covariates[j][row]
        summands[places.sums[label, j]] += weight * value
        summands[places.squares[label, j]] += weight * value * value
      }
      if let truth { summands[places.confusion[label, truth[row]]] += count }
    }
  }
}
