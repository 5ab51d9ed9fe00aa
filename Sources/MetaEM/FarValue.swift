import Diagnostics
import Frames

/// A value that lies so far from all others that it may be a slip, or a mark of missing values.
///
/// With q a quartile and s the distance of the quartiles, a value v beyond q lies d = |v - q| / s from it. Values of one end
/// are far when somewhere between them and the others d falls to a tenth or less, d below 1 taken for 1; so a long tail,
/// whose values thin out little by little, has none. Of draws of 1,500 rows there was one in 0 of 3,000 of normal,
/// exponential and gamma laws, in .0003 of a t law of 4 degrees of freedom and in .001 of a lognormal law of σ = 1.5; in
/// .002 of 100 rows of the t law. Of a Cauchy law every fifth draw has one. `Tests/MetaEMTests/FarValueTests.swift`
/// counts again.
struct FarValue: Sendable, Equatable {
  let column: String
  let value: Double
  /// The rows that have it.
  let count: Int
  /// The first of them, of all rows, counted from 0.
  var row: Int
  /// The file that this row lies in, and the row of the file; nil for rows in memory.
  var place: (file: String, row: Int)?
  /// How far it lies beyond the quartile, d.
  let distance: Double

  /// By so much d falls from the last far value to the next.
  static let leastFall = 10.0

  static func == (first: FarValue, second: FarValue) -> Bool { first.finding == second.finding }

  var finding: Finding {
    var values: [Finding.Key: Finding.Value] = [
      .column: .name(column), .value: .number(value), .count: .count(count), .row: .count(row),
      .distance: .number(distance),
    ]
    if let place {
      values[.file] = .name(place.file)
      values[.fileRow] = .count(place.row)
    }
    return Finding(.farValue, values)
  }

  /// Those of a column, from the ends inwards.
  static func all(in scan: ColumnScan, column: String) -> [FarValue] {
    guard scan.distinctCount ?? .max > 2, let (low, high) = quartiles(of: scan) else { return [] }
    let spread = high - low
    return [
      far(scan.lowest, column) { (low - $0) / spread }, far(scan.highest, column) { ($0 - high) / spread },
    ].joined().map(\.self)
  }

  /// The quartiles; where these are one value, quantiles further out.
  private static func quartiles(of scan: ColumnScan) -> (low: Double, high: Double)? {
    [0.25, 0.05, 0.01].lazy.map { (scan.quantile($0), scan.quantile(1 - $0)) }.first { $0.0 < $0.1 }
  }

  private static func far(
    _ end: [ColumnScan.Value], _ column: String, distance: (Double) -> Double
  ) -> [FarValue] {
    let distances = end.map { distance($0.value) }
    let falls = zip(distances, distances.dropFirst()).map { $0 / max($1, 1) }
    guard let last = falls.lastIndex(where: { $0 >= leastFall }) else { return [] }
    return (0...last).map {
      FarValue(column: column, value: end[$0].value, count: end[$0].count, row: end[$0].row, distance: distances[$0])
    }
  }
}

extension Failure {
  /// The failure of a fit to rows with values that are far from all others, which are a likelier cause than the number of
  /// groups.
  func explained(by far: [Finding]) -> Failure {
    guard isOfOneFit, let first = far.first else { return self }
    return .ofOneFit(
      exitCode,
      "\(reason): column '\(first.name(.column))' is \(first.number(.value)) in "
        + (first.count(.count) == 1 ? "row" : "\(first.count(.count)) rows, first in row")
        + " \(first.count(.row)) (counted from 0)"
        + (first.values[.file] == nil ? "" : ", row \(first.count(.fileRow)) of \(first.name(.file))"),
      remedy: "that is far from all other values; correct it, or leave such rows out")
  }
}
