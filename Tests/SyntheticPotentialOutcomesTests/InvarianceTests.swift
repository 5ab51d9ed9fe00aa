import Communication
import Frames
import Simulation
import SyntheticPotentialOutcomes
import TestSupport
import Testing

/// What must not matter does not.
@Suite struct SyntheticOutcomesInvarianceTests {
  private typealias Row = ProxySimulation.Row

  /// The numbers of an answer that no recoding may change.
  private func numbers(_ result: SyntheticOutcomesResult, effectUnit: Double = 1) -> [Double] {
    let stratum = result.strata[0]
    let classes = stratum.classes ?? []
    return [result.contrasts[0].effect.estimate / effectUnit, result.contrasts[0].effect.standardError! / effectUnit]
      + classes.map(\.share.estimate) + classes.map { $0.effects[0].estimate / effectUnit }
      + classes.map { $0.effects[0].standardError! / effectUnit } + stratum.canonicalValues
      + stratum.outcomeProxiesExcluded.map { $0.test?.statistic ?? 0 }
  }

  private func expectSame(
    _ law: ProxyLaw, rows count: Int = 4000, effectUnit: Double = 1, _ what: Comment,
    change: (Row) -> Row = { $0 }, weight: ((Int) -> Double)? = nil,
    options: (inout SyntheticOutcomesOptions) -> Void = { _ in }
  ) throws {
    var draw = try ProxyDraw(law, rows: count, seed: 3)
    let rows = draw.drawn
    let expected = try numbers(draw.fit(draw.frame(rows, weight: weight.map { rows.indices.map($0) })))
    options(&draw.options)
    let changed = try numbers(
      draw.fit(draw.frame(rows.map(change), weight: weight.map { weight in rows.indices.map { 2 * weight($0) } })),
      effectUnit: effectUnit)
    #expect(distance(changed, expected) < 1e-9, what)
  }

  @Test func `names of categories, columns of a side and units of proxies`() throws {
    try expectSame(.threeClass, "relabelled") { row in
      Row(u: row.u, z: [[7, -3, 0, 2][Int(row.z[0])]], x: [3 - row.x[0]], t: row.t, y: row.y)
    }
    try expectSame(
      .binary, "columns in another order",
      options: {
        $0.treatmentProxies.reverse()
        $0.outcomeProxies.reverse()
      })
    try expectSame(.continuous, "rescaled") { row in
      Row(u: row.u, z: [1e3 * row.z[0] - 5, row.z[1]], x: [row.x[0], -1e-4 * row.x[1] + 2], t: row.t, y: row.y)
    }
    try expectSame(.continuous, "weights doubled", weight: { [0.5, 1, 1.5][$0 % 3] })
  }

  @Test func `an outcome in other units has effects in these`() throws {
    for law in [ProxyLaw.threeClass, .continuous] {
      try expectSame(law, effectUnit: 8, "\(law)") { Row(u: $0.u, z: $0.z, x: $0.x, t: $0.t, y: 8 * $0.y - 300) }
    }
  }

  @Test func `the order of rows changes no estimate`() throws {
    let draw = try ProxyDraw(.threeClass, rows: 4000, seed: 3)
    let rows = draw.drawn
    let (first, second) = (try draw.fit(draw.frame(rows)), try draw.fit(draw.frame(rows.reversed())))
    #expect(abs(first.contrasts[0].effect.estimate - second.contrasts[0].effect.estimate) < 1e-12)
    #expect(
      distance(
        second.strata[0].classes!.map { $0.effects[0].estimate },
        first.strata[0].classes!.map { $0.effects[0].estimate })
        < 1e-10)
  }

  @Test func `the order of rows changes errors by chance alone`() throws {
    let draw = try ProxyDraw(.threeClass, rows: 20_000, seed: 3)
    let rows = draw.drawn
    // Blocks that cut through every run of equal rows alike would make the error of sorted rows a quarter of the other.
    let sorted = rows.sorted { ($0.t, $0.z[0], $0.x[0], $0.y) < ($1.t, $1.z[0], $1.x[0], $1.y) }
    let results = try [rows, sorted].map { try draw.fit(draw.frame($0)).contrasts[0].effect.standardError! }
    // The error has 39 degrees of freedom, so that its own is a ninth of it.
    #expect(results[1] / results[0] > 0.65 && results[1] / results[0] < 1.5)
  }

  @Test func `joint cells as monomials of all degrees give the same answers`() throws {
    // The span of four indicators is that of the cubic polynomials of four values.
    try expectSame(
      .threeClass, "monomials",
      options: {
        $0.treatmentFeatures = .polynomial(degree: 3)
        $0.outcomeFeatures = .polynomial(degree: 3)
      })
    try expectSame(
      .threeClass, "monomials on one side", options: { $0.outcomeFeatures = .polynomial(degree: 3) })
  }
}
