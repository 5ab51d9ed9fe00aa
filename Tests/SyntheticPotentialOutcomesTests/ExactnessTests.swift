import Simulation
import SyntheticPotentialOutcomes
import TestSupport
import Testing

/// From the table of all rows that a law makes every answer is the true one.
@Suite struct ExactnessTests {
  private struct Case: CustomTestStringConvertible {
    let law: ProxyLaw
    let arrow: Double
    let solver: SyntheticOutcomesOptions.Solver
    var testDescription: String { "\(law.rawValue) \(arrow) \(solver.rawValue)" }
  }

  private static let cases: [Case] = SyntheticOutcomesOptions.Solver.allCases.flatMap { solver in
    [(ProxyLaw.binary, 0.0), (.threeClass, 0), (.levels, 0), (.levels, 1)].map {
      Case(law: $0.0, arrow: $0.1, solver: solver)
    }
  }

  @Test(arguments: cases)
  private func `every solver finds the average effect and the classes`(case: Case) throws {
    var draw = try ProxyDraw(`case`.law) { $0.proxyToTreatment = `case`.arrow }
    draw.options.solver = `case`.solver
    draw.options.classes = draw.simulation.shares.count
    draw.options.blocks = 2
    let result = try draw.fitPopulation()
    let stratum = result.strata[0]
    let truth = draw.truth
    #expect(abs(result.contrasts[0].effect.estimate - draw.simulation.averageEffect) < 1e-12)
    let classes = try #require(stratum.classes)
    #expect(distance(classes.map(\.share.estimate), truth.map(\.share)) < 1e-12)
    #expect(distance(classes.map { $0.effects[0].estimate }, truth.map(\.effect)) < 1e-12)
    for t in 0..<2 {
      #expect(distance(classes.map { $0.means[t].estimate }, truth.map { $0.means[t] }) < 1e-12)
    }
    // E[R^l] from shares and effects.
    let moments = (1..<2 * truth.count).map { power in
      truth.reduce(0) { sum, entry in sum + entry.share * (0..<power).reduce(1) { product, _ in product * entry.effect }
      }
    }
    #expect(distance(stratum.effectMoments.map(\.estimate), moments) < 1e-12)
  }

  @Test func `what the proxies are in the classes comes out too, from every solver`() throws {
    for solver in SyntheticOutcomesOptions.Solver.allCases {
      var draw = try ProxyDraw(.threeClass)
      (draw.options.solver, draw.options.classes, draw.options.blocks) = (solver, 3, 2)
      let classes = try #require(try draw.fitPopulation().strata[0].classes)
      // By effect: class 2, class 0, class 1.
      let expected = [[0.1, 0.1, 0.1, 0.7], [0.7, 0.1, 0.1, 0.1], [0.1, 0.7, 0.1, 0.1]]
      #expect(distance(classes.map(\.features), expected) < 1e-11, "\(solver)")
    }
  }

  @Test func `an arrow from a single binary proxy to the outcome is not seen, and the effects are wrong`() throws {
    var draw = try ProxyDraw(.levels) { $0.proxyToOutcome = 0.5 }
    (draw.options.classes, draw.options.blocks) = (2, 2)
    let result = try draw.fitPopulation()
    let stratum = result.strata[0]
    #expect(abs(result.contrasts[0].effect.estimate) < 1e-12)
    let effects = try #require(stratum.classes).map { $0.effects[0].estimate }
    #expect(distance(draw.truth.map(\.effect), [-0.5625, 0.5625]) < 1e-15)
    #expect(abs(effects[0] + 0.7955) < 5e-5 && abs(effects[1] - 0.7955) < 5e-5)
    #expect(stratum.outcomeProxiesExcluded.allSatisfy { $0.test == nil } && stratum.outcomeProxiesUntouched == nil)
    #expect(stratum.findings.contains { $0.code == .proxiesUntestable })
    #expect(stratum.verdicts.classes != .identified)
  }

  @Test func `the full pseudo-inverse is exact on a table, too`() throws {
    var draw = try ProxyDraw(.threeClass)
    (draw.options.classes, draw.options.blocks) = (3, 2)
    draw.options.usesFullInverse = true
    draw.options.solver = .pencil
    let classes = try #require(try draw.fitPopulation().strata[0].classes)
    #expect(distance(classes.map { $0.effects[0].estimate }, [-0.2, -0.1, 0.4]) < 1e-10)
  }
}
