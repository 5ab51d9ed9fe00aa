import Communication
import Diagnostics

/// Mean, spread and range of one column over all rows.
public struct ColumnSummary: Sendable, Codable, Equatable {
  public var name: String
  /// The weighted mean.
  public var mean: Double
  /// The weighted mean of the squared deviations from the mean (divided by the sum of weights, without correction).
  public var variance: Double
  public var minimum: Double
  public var maximum: Double

  public var standardDeviation: Double { variance.squareRoot() }
  /// Whether all rows have one value; rounding in the mean cannot hide it.
  public var isConstant: Bool { minimum == maximum }
}

extension Frame {
  /// Summaries of the covariates, the treatment and, when it was loaded, the outcome, in this order. Collective.
  ///
  /// Two passes: the mean first, then the deviations from it, whose own sum corrects what rounding left in the mean
  /// (Chan, Golub and LeVeque 1983). Range and constancy disregard weights.
  /// - Throws: ``Failure`` when a rank fails.
  public func summary() throws -> [ColumnSummary] {
    let names = covariateNames + [treatmentName] + (variables.contains(.outcome) ? [outcomeName] : [])
    let count = names.count
    let first = try weightedMoments(about: [Double](repeating: 0, count: count))
    let pivots = (0..<count).map(first.shift)
    let second = try weightedMoments(about: pivots)
    let (minimum, maximum) = try ranges(count)
    return names.indices.map { index in
      ColumnSummary(
        name: names[index], mean: pivots[index] + second.shift(index), variance: max(0, second.variance(index)),
        minimum: minimum[index], maximum: maximum[index])
    }
  }

  private func weightedMoments(about pivots: [Double]) throws -> WeightedMoments {
    try rows.sum(WeightedMoments(columns: pivots.count)) { partial, chunk in
      let weight = try weight(chunk: chunk)
      let rowCount = rowCount(ofChunk: chunk)
      for row in 0..<rowCount { partial.summands[partial.weight] += weight?[row] ?? 1 }
      for index in pivots.indices {
        let values = try column(index, chunk: chunk)
        var (sum, square) = (0.0, 0.0)
        for row in 0..<rowCount {
          let deviation = values[row] - pivots[index]
          let weighted = (weight?[row] ?? 1) * deviation
          sum += weighted
          square += weighted * deviation
        }
        partial.summands[partial.sums[index]] += sum
        partial.summands[partial.squares[index]] += square
      }
    }
  }

  private func ranges(_ count: Int) throws -> (minimum: [Double], maximum: [Double]) {
    var minimum = [Double](repeating: .infinity, count: count)
    var maximum = [Double](repeating: -.infinity, count: count)
    try rows.communicator.agree {
      for chunk in rows.localChunks {
        for index in 0..<count {
          let values = try column(index, chunk: chunk)
          var (low, high) = (minimum[index], maximum[index])
          // Adding 0 turns -0 into 0, so that the range does not depend on which of them comes first.
          for row in 0..<rowCount(ofChunk: chunk) {
            let value = values[row] + 0
            if value < low { low = value }
            if value > high { high = value }
          }
          (minimum[index], maximum[index]) = (low, high)
        }
      }
    }
    return (try rows.communicator.minimum(minimum), try rows.communicator.maximum(maximum))
  }
}
