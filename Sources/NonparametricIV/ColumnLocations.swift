import Communication
import Diagnostics
import LinearAlgebra

/// Where y, t, the covariates and the instruments lie and how far they spread: weighted means and standard deviations.
public struct ColumnLocations: Sendable, Codable, Equatable {
  /// Of y, t, x.
  public let means: [Double]
  public let standardDeviations: [Double]
  /// What brings the weights of the rows with weight to mean 1.
  public let weightFactor: Double

  /// Deviations that rounding alone may leave of a column with one value, in units of that value.
  private static let roundingTolerance = 1e-12

  /// Two passes: means, then squares around them. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` (data): no row has a positive weight, or y, t or a covariate has one
  ///   value.
  public init(_ source: some StructuralRows) throws {
    let count = 2 + source.covariateCount
    let totals = try Self.sums(source, count: count) { _, value in value }
    guard totals[count] > 0, totals[count].isFinite else {
      throw Failure(.data, "no row of the regression has a positive weight; at least one must have")
    }
    let means = totals[..<count].map { $0 / totals[count] }
    let squares = try Self.sums(source, count: count) { j, value in (value - means[j]) * (value - means[j]) }
    self.means = means
    weightFactor = totals[count + 1] / totals[count]
    standardDeviations = squares[..<count].map { ($0 / totals[count]).squareRoot() }
    for (j, deviation) in standardDeviations.enumerated() where !(deviation > Self.roundingTolerance * abs(means[j])) {
      let column = j == 0 ? "the outcome" : j == 1 ? "the treatment" : "covariate \(j - 2)"
      throw Failure(.data, "\(column) has one value in all rows with weight; no effect can be found from it")
    }
  }

  /// Σ v f(j, column j), and behind them Σ v and the number of rows with weight.
  private static func sums(
    _ source: some StructuralRows, count: Int, _ value: (Int, Double) -> Double
  ) throws -> [Double] {
    try source.rows.sum([Double](repeating: 0, count: count + 2)) { sums, chunk in
      try source.withChunk(chunk) { block in
        for (j, column) in ([block.outcome, block.treatment] + block.covariates).enumerated() {
          var sum = 0.0
          for row in 0..<block.rowCount { sum += (block.weights?[row] ?? 1) * value(j, column[row]) }
          sums[j] += sum
        }
        for row in 0..<block.rowCount {
          let weight = block.weights?[row] ?? 1
          sums[count] += weight
          sums[count + 1] += weight > 0 ? 1 : 0
        }
      }
    }
  }
}

/// Rows whose y, t and covariates are taken around their means in standard deviations, with weights of mean 1;
/// instruments stay as they are.
public struct ScaledRows<Source: StructuralRows>: StructuralRows {
  private let source: Source
  public let locations: ColumnLocations

  /// Collective, with the passes of ``ColumnLocations``.
  public init(_ source: Source) throws {
    self.source = source
    locations = try ColumnLocations(source)
  }

  public var rows: DistributedRows { source.rows }
  public var covariateCount: Int { source.covariateCount }
  public var instrumentCount: Int { source.instrumentCount }

  public func withChunk<Result>(_ chunk: Int, _ body: (StructuralChunk) throws -> Result) throws -> Result {
    try source.withChunk(chunk) { block in
      let stride = Kernel.paddedCount(block.rowCount)
      let columns = [block.outcome, block.treatment] + block.covariates
      let scaled = AlignedBuffer(count: (columns.count + 1) * stride)
      for (j, column) in columns.enumerated() {
        locations.scale(column, j, rowCount: block.rowCount, into: scaled.pointer + j * stride)
      }
      let weights = block.weights.map { weights in
        let target = scaled.pointer + columns.count * stride
        for row in 0..<block.rowCount { target[row] = locations.weightFactor * weights[row] }
        return UnsafePointer(target)
      }
      func column(_ j: Int) -> UnsafePointer<Double> { UnsafePointer(scaled.pointer + j * stride) }
      return try withExtendedLifetime(scaled) {
        try body(
          StructuralChunk(
            rowCount: block.rowCount, outcome: column(0), treatment: column(1),
            covariates: block.covariates.indices.map { column(2 + $0) }, instruments: block.instruments,
            weights: weights))
      }
    }
  }
}

extension ColumnLocations {
  /// Writes column j of y, t, x around its mean in standard deviations.
  func scale(_ column: UnsafePointer<Double>, _ j: Int, rowCount: Int, into scaled: UnsafeMutablePointer<Double>) {
    let (mean, unit) = (means[j], 1 / standardDeviations[j])
    for row in 0..<rowCount { scaled[row] = (column[row] - mean) * unit }
  }

  /// Brings outcomes that are around the mean in standard deviations to the data's units.
  func giveOutcome(_ values: UnsafeMutablePointer<Double>, rowCount: Int) {
    for row in 0..<rowCount { values[row] = means[0] + standardDeviations[0] * values[row] }
  }
}

/// A function that was found on ``ScaledRows``, of the data's units and in them.
public struct RescaledFunction<Scaled: StructuralFunction>: StructuralFunction {
  private let scaled: Scaled
  private let locations: ColumnLocations

  public init(_ scaled: Scaled, _ locations: ColumnLocations) {
    self.scaled = scaled
    self.locations = locations
  }

  public func evaluate(
    _ treatment: UnsafePointer<Double>, covariates: [UnsafePointer<Double>], rowCount: Int,
    into values: UnsafeMutablePointer<Double>
  ) {
    let columns = ScaledColumns([treatment] + covariates, first: 1, rowCount, locations)
    scaled.evaluate(
      columns.pointers[0], covariates: Array(columns.pointers.dropFirst()), rowCount: rowCount, into: values)
    locations.giveOutcome(values, rowCount: rowCount)
  }

  public func evaluate(
    at treatments: [Double], covariates: [UnsafePointer<Double>], rowCount: Int,
    into values: UnsafeMutablePointer<Double>, stride: Int
  ) {
    let columns = ScaledColumns(covariates, first: 2, rowCount, locations)
    scaled.evaluate(
      at: treatments.map { ($0 - locations.means[1]) / locations.standardDeviations[1] }, covariates: columns.pointers,
      rowCount: rowCount, into: values, stride: stride)
    for place in treatments.indices { locations.giveOutcome(values + place * stride, rowCount: rowCount) }
  }
}

/// Some of the columns y, t, x of a block of rows around their means in standard deviations.
private final class ScaledColumns {
  let pointers: [UnsafePointer<Double>]
  private let buffer: AlignedBuffer

  /// - Parameter first: which of y, t, x the first column is.
  init(_ columns: [UnsafePointer<Double>], first: Int, _ rowCount: Int, _ locations: ColumnLocations) {
    let stride = Kernel.paddedCount(rowCount)
    let buffer = AlignedBuffer(count: columns.count * stride)
    for (j, column) in columns.enumerated() {
      locations.scale(column, first + j, rowCount: rowCount, into: buffer.pointer + j * stride)
    }
    self.buffer = buffer
    pointers = columns.indices.map { UnsafePointer(buffer.pointer + $0 * stride) }
  }
}
