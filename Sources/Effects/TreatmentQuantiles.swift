import Frames

/// Quantiles of the treatment in the data's units, of all rows.
struct TreatmentQuantiles: Sendable {
  private let values: [Double: Double]

  /// The 1% to 99% quantiles of the curve.
  private static let curveShares = (0...20).map { 0.01 + 0.98 * Double($0) / 20 }
  private static let quartiles = [0.25, 0.5, 0.75]

  /// Collective.
  init(_ table: EffectTable) throws {
    let knots = (OutcomeForm.splineKnots + [8]).flatMap { count in
      (0...count + 1).map { Double($0) / Double(count + 1) }
    }
    let shares = Set(knots + Self.curveShares + Self.quartiles + [0, 1]).sorted()
    let found = try table.frame.quantiles(of: shares, columns: table.frame.columns(of: .treatment))[0]
    values = Dictionary(uniqueKeysWithValues: zip(shares, found.map(table.inDataUnits)))
  }

  func callAsFunction(_ share: Double) -> Double { values[share]! }

  func contains(_ t: Double) -> Bool { self(0) <= t && t <= self(1) }

  /// Distinct treatments of the curve.
  var curve: [Double] {
    Self.curveShares.map(callAsFunction).reduce(into: []) { if $0.last != $1 { $0.append($1) } }
  }

  /// Between quartiles.
  var contrasts: [Contrast] {
    let q = Self.quartiles.map(callAsFunction)
    return [(0, 1), (1, 2), (0, 2)].map { Contrast(from: q[$0.0], to: q[$0.1]) }.filter { $0.from < $0.to }
  }
}
