import Simulation
import SyntheticPotentialOutcomes
import TestSupport
import Testing

@Suite struct SyntheticOutcomesAccuracyTests {
  /// At most so far from the truth in units of the standard error.
  private static let bound = 4.0

  /// Classes of equal effects have no order by it.
  @Test(arguments: ProxyLaw.allCases.filter { $0 != .equalEffects })
  func `answers lie within a few standard errors of the truth`(law: ProxyLaw) throws {
    let draw = try ProxyDraw(law, rows: 20_000, seed: 11)
    let result = try draw.fitDrawn()
    let stratum = result.strata[0]
    #expect(stratum.rank == draw.simulation.shares.count && stratum.foundRank == stratum.rank)
    let effect = result.contrasts[0].effect
    #expect(abs(effect.estimate - draw.simulation.averageEffect) < Self.bound * effect.standardError!)
    let classes = try #require(stratum.classes)
    for (found, truth) in zip(classes, draw.truth) {
      #expect(abs(found.share.estimate - truth.share) < Self.bound * found.share.standardError!)
      #expect(abs(found.effects[0].estimate - truth.effect) < Self.bound * found.effects[0].standardError!)
    }
    // The law in which classes that are treated more often have other effects.
    let naive = result.contrasts[0].naive
    #expect(
      law != .threeClass || abs(naive.estimate - draw.simulation.averageEffect) > Self.bound * naive.standardError!)
  }

  @Test func `each broken assumption is told by its own test`() throws {
    let arrows: [(WritableKeyPath<ProxyParameters, Double> & Sendable, Double, String)] = [
      (\.treatmentProxyToOutcome, 0.2, "treatment-proxies-lead"), (\.proxyToOutcome, 0.3, "outcome-proxies-lead"),
      (\.treatmentToProxy, 0.2, "outcome-proxies-touched"),
    ]
    let codes = arrows.map(\.2)
    for (arrow, strength, code) in arrows {
      let result = try ProxyDraw(.binary, rows: 20_000, seed: 5) { $0[keyPath: arrow] = strength }.fitDrawn()
      let told = result.findings.map(\.code.rawValue).filter(codes.contains)
      #expect(told == [code])
      #expect(code == "outcome-proxies-lead" || result.verdicts.averageEffect != .identified)
      #expect(result.verdicts.classes != .identified)
    }
    let valid = try ProxyDraw(.binary, rows: 20_000, seed: 5).fitDrawn()
    #expect(
      valid.findings.isEmpty && valid.verdicts.averageEffect == .identified && valid.verdicts.classes == .identified)
  }

  @Test func `classes of equal effects are found by their levels, and said to be alike`() throws {
    let draw = try ProxyDraw(.equalEffects, rows: 20_000, seed: 11)
    #expect(distance(draw.simulation.effects, [0.1, 0.1, 0.1]) < 1e-15)
    let result = try draw.fitDrawn()
    let effect = result.contrasts[0].effect
    #expect(abs(effect.estimate - 0.1) < Self.bound * effect.standardError!)
    let classes = try #require(result.strata[0].classes).sorted { $0.means[0].estimate < $1.means[0].estimate }
    for (found, level) in zip(classes, [0.2, 0.5, 0.8]) {
      #expect(abs(found.means[0].estimate - level) < Self.bound * found.means[0].standardError!)
    }
    #expect(result.findings.map(\.code) == [.classesAlike] && result.verdicts.classes == .doubtful)
  }

  @Test func `one class is found where proxies share nothing`() throws {
    let draw = try ProxyDraw(.binary, rows: 5000, seed: 2)
    // Treatment and its proxies of other rows.
    let rows = draw.drawn
    let shuffled = rows.indices.map { i in
      let (row, other) = (rows[i], rows[(i + 1) % rows.count])
      return ProxySimulation.Row(u: row.u, z: other.z, x: row.x, t: other.t, y: row.y)
    }
    let result = try draw.fit(draw.frame(shuffled))
    #expect(result.strata[0].rank == 1)
    #expect(result.findings.contains { $0.code == .oneClassSeen })
    #expect(result.verdicts.averageEffect == .doubtful)
  }
}
