import Diagnostics
import Import
import LinearAlgebra
import Storage

/// Real covariates for a simulation: columns of a table, standardised over its rows and clipped to [-3, 3].
public struct SimulationCovariates: Sendable {
  /// X lies within this many standard deviations.
  public static let bound = 3.0

  public let names: [String]
  /// X [rows, columns], row-major.
  public let values: [Double]
  /// The SHA-256 of the file that they come from.
  public private(set) var sourceDigest: String?

  public var columns: Int { names.count }
  public var rows: Int { values.count / columns }

  /// Standardises `values` [n, names.count], row-major: mean 0 and (population) variance 1, then clipped.
  ///
  /// - Throws: ``Failure`` (data) when there is no row or a column is constant; `origin` is named in it.
  public init(names: [String], values: [Double], origin: String) throws {
    precondition(!names.isEmpty && values.count % names.count == 0, "a table has rows of equal length")
    guard !values.isEmpty else { throw Failure(.data, "\(origin): no rows; give a file with data below its header") }
    self.names = names
    var values = values
    for column in names.indices {
      let places = stride(from: column, to: values.count, by: names.count)
      let count = Double(values.count / names.count)
      let mean = places.reduce(0) { $0 + values[$1] } / count
      let variance = places.reduce(0) { $0 + (values[$1] - mean) * (values[$1] - mean) } / count
      // A constant leaves no more than the rounding of its mean.
      guard variance.squareRoot() > 1e-12 * mean.magnitude else {
        throw Failure(.data, "\(origin): column \(names[column]) is constant; leave it out of --columns")
      }
      for place in places {
        values[place] = min(max((values[place] - mean) / variance.squareRoot(), -Self.bound), Self.bound)
      }
    }
    self.values = values
  }

  /// The same rows in an order that is drawn.
  public func shuffled(seed: UInt64) -> SimulationCovariates {
    let random = CounterRandom(seed: seed, stream: .simulatedOrder)
    let keys = (0..<rows).map { random.uniform(row: $0, draw: 0) }
    let order = keys.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
    return SimulationCovariates(self, values: order.flatMap { values[$0 * columns..<($0 + 1) * columns] })
  }

  private init(_ other: SimulationCovariates, values: [Double]) {
    names = other.names
    self.values = values
    sourceDigest = other.sourceDigest
  }

  /// Reads `columns` of a CSV file with a header, all rows in the order of the file.
  ///
  /// - Throws: ``Failure`` that names the file, line and column: no such column, or a field that is not a finite number.
  public init(csv path: String, columns: [String]) throws {
    guard !columns.isEmpty else { throw Failure(.usage, "--covariates-from \(path) needs --columns a,b,..") }
    let input = try InputFile(path)
    let reader = try CSVReader(input)
    let header = try CSVHeader(reader)
    let indices = try columns.map(header.index)
    var values: [Double] = []
    while try reader.next() {
      for (name, index) in zip(columns, indices) { values.append(try reader.number(index, column: name)) }
    }
    try self.init(names: columns, values: values, origin: path)
    sourceDigest = try SHA256Digest.ofFile(input.location)
  }
}

extension CSVReader {
  fileprivate func number(_ index: Int, column: String) throws -> Double {
    if case .number(let value) = parseNumber(record[index]) { return value }
    throw Failure(
      .data,
      "\(path): line \(line), column \(column): \"\(try text(index))\" is not a finite number; remove such rows first")
  }
}
