import Communication
import Diagnostics

/// Mean, spread and range of one column over all rows in which it is not missing.
public struct ColumnSummary: Sendable, Codable, Equatable {
  public var name: String
  /// The weighted mean; NaN, as the variance, when every value is missing.
  public var mean: Double
  /// The weighted mean of the squared deviations from the mean (divided by the sum of weights, without correction).
  public var variance: Double
  public var minimum: Double
  public var maximum: Double
  /// The rows in which the column is missing.
  public var missing: Int

  public var standardDeviation: Double { variance.squareRoot() }
  /// Whether all rows have one value; rounding in the mean cannot hide it.
  public var isConstant: Bool { minimum == maximum }
}

/// Sums of a column over rows in which it is not missing.
private struct Moments {
  /// The sum of the weights; of a part of the rows, only when values may be missing.
  var weight = 0.0
  /// Sums of w (v - pivot) and w (v - pivot)^2.
  var sum = 0.0
  var square = 0.0
  /// The number of rows in which it is missing.
  var missing = 0.0

  init(weight: Double, sum: Double, square: Double, missing: Double) {
    self.weight = weight
    self.sum = sum
    self.square = square
    self.missing = missing
  }

  init(
    _ values: UnsafeBufferPointer<Double>, _ weights: UnsafePointer<Double>?, about pivot: Double, allowsMissing: Bool
  ) {
    for row in values.indices {
      if allowsMissing {
        guard !values[row].isNaN else {
          missing += 1
          continue
        }
        weight += weights?[row] ?? 1
      }
      let deviation = values[row] - pivot
      let weighted = (weights?[row] ?? 1) * deviation
      sum += weighted
      square += weighted * deviation
    }
  }
}

extension Frame {
  /// Summaries of real columns. Collective.
  ///
  /// Two passes: the mean first, then the deviations from it, whose own sum corrects what rounding left in the mean
  /// (Chan, Golub and LeVeque 1983). Missing values are passed over, with their weights. Range and constancy disregard
  /// weights.
  /// - Throws: ``Failure`` when a rank fails.
  /// - Precondition: the columns are real.
  public func summary(of columns: [Int]) throws -> [ColumnSummary] {
    let first = try moments(of: columns, about: [Double](repeating: 0, count: columns.count))
    let pivots = first.map { $0.sum / $0.weight }
    let second = try moments(of: columns, about: pivots)
    let (minimum, maximum) = try ranges(of: columns)
    return columns.indices.map { index in
      let shift = second[index].sum / second[index].weight
      let square = second[index].square / second[index].weight
      return ColumnSummary(
        name: schema.columns[columns[index]].name, mean: pivots[index] + shift,
        variance: max(square - shift * shift, 0), minimum: minimum[index], maximum: maximum[index],
        missing: Int(first[index].missing))
    }
  }

  private func moments(of columns: [Int], about pivots: [Double]) throws -> [Moments] {
    let width = 4
    let sums = try rows.sum([Double](repeating: 0, count: 1 + width * columns.count)) { partial, chunk in
      let weight = try weight(chunk: chunk)
      let rowCount = rowCount(ofChunk: chunk)
      for row in 0..<rowCount { partial[0] += weight?[row] ?? 1 }
      for (index, column) in columns.enumerated() {
        let moments = Moments(
          UnsafeBufferPointer(start: try reals(column, chunk: chunk), count: rowCount), weight, about: pivots[index],
          allowsMissing: schema.columns[column].allowsMissing)
        let start = 1 + width * index
        partial[start] += moments.weight
        partial[start + 1] += moments.sum
        partial[start + 2] += moments.square
        partial[start + 3] += moments.missing
      }
    }
    return columns.indices.map { index in
      let start = 1 + width * index
      let weight = schema.columns[columns[index]].allowsMissing ? sums[start] : sums[0]
      return Moments(weight: weight, sum: sums[start + 1], square: sums[start + 2], missing: sums[start + 3])
    }
  }

  private func ranges(of columns: [Int]) throws -> (minimum: [Double], maximum: [Double]) {
    var minimum = [Double](repeating: .infinity, count: columns.count)
    var maximum = [Double](repeating: -.infinity, count: columns.count)
    try rows.communicator.agree {
      for chunk in rows.localChunks {
        for (index, column) in columns.enumerated() {
          let values = try reals(column, chunk: chunk)
          var (low, high) = (minimum[index], maximum[index])
          // Adding 0 turns -0 into 0, so that the range does not depend on which of them comes first. NaN is neither
          // less nor greater.
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
