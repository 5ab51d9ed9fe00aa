import Diagnostics
import Frames

/// A value that lies so far from all others that it may be a slip, or a mark of missing values.
///
/// With q a quartile and s the distance of the quartiles, a value v beyond q lies d = |v - q| / s from it. Values of one end
/// are far when somewhere between them and the others d falls to a tenth or less, d below 1 taken for 1; so a long tail,
/// whose values thin out little by little, has none. Of draws of 1,500 rows there was one in 0 of 3,000 of normal,
/// exponential and gamma laws, in .0003 of a t law of 4 degrees of freedom and in .001 of a lognormal law of σ = 1.5; in
/// .002 of 100 rows of the t law. Of a Cauchy law every fifth draw has one.
package struct FarValue: Sendable, Equatable {
  package let column: String
  package let value: Double
  /// The rows that have it.
  package let count: Int
  /// The first of them, counted from 0.
  package let row: Int
  /// How far it lies beyond the quartile, d.
  package let distance: Double

  /// By so much d falls from the last far value to the next.
  static let leastFall = 10.0

  var finding: Finding {
    Finding(
      .farValue,
      [
        .column: .name(column), .value: .number(value), .count: .count(count), .row: .count(row),
        .distance: .number(distance),
      ])
  }

  /// Those of a column, from the ends inwards.
  package static func all(in scan: ColumnScan, column: String) -> [FarValue] {
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
  /// The failure of a fit to rows that have a likelier cause of it than the number of groups: values far from all others,
  /// or mass at a point.
  func explained(by findings: [Finding]) -> Failure {
    guard isOfOneFit else { return self }
    if let far = findings.first(where: { $0.code == .farValue }) {
      let count = far.count(.count)
      // The data are at fault then, and not the numbers.
      return .ofOneFit(
        .data,
        "\(reason): column '\(far.name(.column))' is \(far.valueWords) in "
          + (count == 1 ? "" : "\(count) rows, first in ") + far.rowWords,
        remedy: "that is far from all other values; correct it, or leave such rows out")
    }
    if let masses = findings.first(where: { $0.code == .massAtPoint }) {
      let columns = zip(masses.names(.names), masses.counts(.counts)).map { name, count in
        "\(name) has one value in \(count) of \(masses.count(.total)) rows"
      }
      return .ofOneFit(
        exitCode, "\(reason): \(columns.joined(separator: ", ")), and Gaussian groups close in on such rows",
        remedy: "choose --distribution regression, which takes no law of covariates")
    }
    return self
  }
}
