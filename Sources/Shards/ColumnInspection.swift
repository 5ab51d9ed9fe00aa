import Diagnostics
import Frames
import Storage

/// What a column is, the range, mean and spread of its values that are numbers, and the count of those that are missing.
public struct ColumnInspection: Sendable, Codable, Equatable {
  public var name: String
  public var role: Role
  /// The word of the ``ColumnKind``.
  public var kind: String
  /// The levels of a categorical column; nil for another.
  public var levels: [String]?
  /// Whether missing values are allowed.
  public var allowsMissing: Bool
  /// Real numbers that are NaN or infinite, and codes that mean missing.
  public var missing = 0
  /// Rows whose code has no level.
  public var withoutLevel = 0
  /// Nil, as the following, when there is no value, and for categories and texts. Vectors count each of their numbers.
  public var minimum: Double?
  public var maximum: Double?
  public var mean: Double?
  /// The root of the mean squared deviation (divided by the number of values).
  public var standardDeviation: Double?

  init(_ column: Column) {
    name = column.name
    role = column.role
    kind = column.kind.word
    levels = column.kind.levels
    allowsMissing = column.allowsMissing
  }

  /// Reads a dataset in pieces of a few megabytes.
  ///
  /// - Parameter columns: those of the matrix, or the one that the dataset is.
  static func columns(
    of dataset: borrowing HDF5Dataset, _ columns: [Column], rowCount: Int, _ coding: HDF5ValueCoding?
  ) throws -> (columns: [ColumnInspection], findings: [Finding]) {
    let kind = columns[0].kind
    let step = try max(1, (4 << 20) / (8 * dataset.columnCount()))
    let pieces = stride(from: 0, to: rowCount, by: step).map { $0..<min($0 + step, rowCount) }
    if kind == .text {
      for rows in pieces { _ = try dataset.readStrings(rows: rows) }
      return ([ColumnInspection(columns[0])], [])
    }
    var marked = columns.map { _ in 0 }
    func findings() -> [Finding] {
      zip(columns, marked).filter { $0.1 > 0 }.map { column, count in
        .note(
          .valuesMarkedMissing,
          [.column: .name(column.name), .count: .count(count), .reason: .name(coding?.markerWords ?? "")])
      }
    }
    var moments = columns.map { _ in RunningMoments() }
    if kind.holdsCodes {
      var inspection = ColumnInspection(columns[0])
      for rows in pieces {
        var codes = try dataset.readCodes(rows: rows, of: columns[0].role)
        if kind == .integer, columns[0].role != .identifier, let coding {
          for index in codes.indices where coding.isMissing(Double(codes[index])) {
            codes[index] = .min
            marked[0] += 1
          }
        }
        for code in codes { inspection.note(code, of: kind, &moments[0]) }
      }
      if kind == .integer { inspection.take(moments[0]) }
      return ([inspection], findings())
    }
    for rows in pieces {
      var values = try dataset.read(Double.self, rows: rows)
      if let coding {
        for index in values.indices where coding.isMissing(values[index]) { marked[index % columns.count] += 1 }
        coding.decode(&values)
      }
      for column in columns.indices {
        for index in stride(from: column, to: values.count, by: columns.count) { moments[column].add(values[index]) }
      }
    }
    let inspections = zip(columns, moments).map { column, moments in
      var inspection = ColumnInspection(column)
      inspection.missing = moments.missing
      inspection.take(moments)
      return inspection
    }
    return (inspections, findings())
  }

  private mutating func note(_ code: Int64, of kind: ColumnKind, _ moments: inout RunningMoments) {
    if code == kind.missingCode {
      missing += 1
    } else if let levels = kind.levels {
      if !levels.indices.contains(Int(code)) { withoutLevel += 1 }
    } else {
      moments.add(Double(code))
    }
  }

  private mutating func take(_ moments: RunningMoments) {
    guard moments.count > 0 else { return }
    minimum = moments.minimum
    maximum = moments.maximum
    mean = moments.mean
    standardDeviation = (moments.squares / moments.count).squareRoot()
  }

  /// What is wrong with the values, each in a line.
  var problems: [String] {
    var problems: [String] = []
    if missing > 0 && !allowsMissing {
      problems.append(
        "column '\(name)' has \(missing) missing or infinite values; "
          + "drop or fill such rows with 'giv-dist shard --missing drop|mean'")
    }
    if withoutLevel > 0 {
      problems.append("column '\(name)' has \(withoutLevel) codes that none of its levels has; write the file again")
    }
    if role == .weight, let minimum, minimum < 0 {
      problems.append("the smallest weight is \(minimum); weights must be at least 0")
    }
    return problems
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
