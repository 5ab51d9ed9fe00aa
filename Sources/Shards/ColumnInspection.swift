import Storage

/// Range, mean and spread of the values of one column that are numbers, and the count of those that are not.
public struct ColumnInspection: Sendable, Codable, Equatable {
  public var name: String
  /// Values that are NaN or infinite.
  public var missing: Int
  /// Nil, as the following, when there is no value.
  public var minimum: Double?
  public var maximum: Double?
  public var mean: Double?
  /// The root of the mean squared deviation (divided by the number of values).
  public var standardDeviation: Double?

  /// Reads a dataset in pieces of a few megabytes.
  static func columns(
    of dataset: borrowing HDF5Dataset, named names: [String], rowCount: Int
  ) throws -> [ColumnInspection] {
    var moments = names.map { _ in RunningMoments() }
    let step = max(1, (4 << 20) / (8 * names.count))
    for start in stride(from: 0, to: rowCount, by: step) {
      let values = try dataset.read(Double.self, rows: start..<min(start + step, rowCount))
      for column in names.indices {
        for index in stride(from: column, to: values.count, by: names.count) { moments[column].add(values[index]) }
      }
    }
    return zip(names, moments).map { ColumnInspection(name: $0, moments: $1) }
  }

  private init(name: String, moments: RunningMoments) {
    self.name = name
    missing = moments.missing
    guard moments.count > 0 else { return }
    minimum = moments.minimum
    maximum = moments.maximum
    mean = moments.mean
    standardDeviation = (moments.squares / moments.count).squareRoot()
  }
}

/// Mean and spread by Welford's updates, which do not lose the spread beside a large mean.
private struct RunningMoments {
  var missing = 0
  var count = 0.0
  var mean = 0.0
  /// The sum of squared deviations from the mean.
  var squares = 0.0
  var minimum = Double.infinity
  var maximum = -Double.infinity

  mutating func add(_ value: Double) {
    guard value.isFinite else {
      missing += 1
      return
    }
    count += 1
    let deviation = value - mean
    mean += deviation / count
    squares += deviation * (value - mean)
    minimum = min(minimum, value)
    maximum = max(maximum, value)
  }
}
