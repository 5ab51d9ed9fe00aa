import Communication
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
  let random: CounterRandom

  public init(model: some MixtureModel, labelRule: LabelRule, seed: UInt64) {
    forms = model.forms
    groupCount = model.groupCount
    self.labelRule = labelRule
    random = CounterRandom(seed: seed, stream: .sampledLabels)
  }

  /// The E step of one chunk, with the log-likelihood and entropy of its rows.
  ///
  /// - Throws: ``Failure`` when the chunk cannot be read.
  public func callAsFunction(_ design: Design, chunk: Int) throws -> (block: PosteriorBlock, totals: Kernel.Totals) {
    let rows = design.rows.grid.rows(ofChunk: chunk)
    return try withGroupWeights(groupCount, rowCount: rows.count) { gamma, stride in
      let totals = try design.withBlock(ofChunk: chunk) { block, weights in
        forms.withKernelMixture(at: block) { mixture in
          Kernel.responsibilities(
            of: block, under: mixture, rowWeights: weights, into: gamma, stride: stride)
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
    if labelRule == .sampled { return random.categorical(row: row, draw: 0, probabilities: posterior) }
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
  public var summands: [Double]

  public init(groupCount: Int, covariateCount: Int, truthCount: Int) {
    self.groupCount = groupCount
    self.covariateCount = covariateCount
    self.truthCount = truthCount
    summands = Array(repeating: 0, count: 2 + groupCount * (2 + 2 * covariateCount + truthCount))
  }

  private var perGroup: Int { 2 + 2 * covariateCount + truthCount }
  private func index(_ group: Int, _ offset: Int) -> Int { 2 + group * perGroup + offset }

  public var logLikelihood: Double { summands[0] }
  public var entropy: Double { summands[1] }
  /// Rows labelled k.
  public func rowCount(_ group: Int) -> Int { Int(summands[index(group, 0)]) }
  /// The weight of the rows labelled k.
  public func weight(_ group: Int) -> Double { summands[index(group, 1)] }
  /// The mean of x over the rows labelled k; nil when there are none.
  public func mean(_ group: Int) -> [Double]? {
    let weight = weight(group)
    guard weight > 0 else { return nil }
    return (0..<covariateCount).map { summands[index(group, 2 + $0)] / weight }
  }
  /// The variance of x over the rows labelled k.
  public func variance(_ group: Int) -> [Double]? {
    let weight = weight(group)
    return mean(group).map { mean in
      mean.enumerated().map { j, value in
        max(summands[index(group, 2 + covariateCount + j)] / weight - value * value, 0)
      }
    }
  }
  /// Rows by true label and found label; empty when the truth is unknown.
  public var confusion: [[Int]] {
    (0..<truthCount).map { truth in
      (0..<groupCount).map { Int(summands[index($0, 2 + 2 * covariateCount + truth)]) }
    }
  }

  /// Adds a chunk.
  ///
  /// - Parameters:
  ///   - covariates: a pointer per covariate to the chunk's rows, about any pivot.
  ///   - truth: per row the true label, 0 ..< truthCount; nil when unknown.
  public mutating func add(
    _ block: PosteriorBlock, totals: Kernel.Totals, covariates: [UnsafePointer<Double>],
    weights: UnsafePointer<Double>?, truth: [Int]?
  ) {
    summands[0] += totals.logLikelihood
    summands[1] += totals.entropy
    for (row, label) in block.labels.enumerated() {
      let weight = weights?[row] ?? 1
      summands[index(label, 0)] += 1
      summands[index(label, 1)] += weight
      for j in 0..<covariateCount {
        let value = covariates[j][row]
        summands[index(label, 2 + j)] += weight * value
        summands[index(label, 2 + covariateCount + j)] += weight * value * value
      }
      if let truth { summands[index(label, 2 + 2 * covariateCount + truth[row])] += 1 }
    }
  }
}
