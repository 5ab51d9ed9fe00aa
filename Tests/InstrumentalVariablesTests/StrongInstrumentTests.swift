import Communication
import Frames
import InstrumentalVariables
import LinearAlgebra
import Statistics
import Testing

/// Draws with an effect of .7, whose treatment leans on the outcome's error.
@Suite struct StrongInstrumentTests {
  /// - Parameter strength: of each of six instruments.
  private func regression(rowCount: Int, strength: Double, seed: UInt64) throws -> InstrumentalRegression {
    let random = CounterRandom(seed: seed, stream: .test)
    var (z, d, y): ([Double], [Double], [Double]) = ([], [], [])
    for row in 0..<rowCount {
      let draws = (0..<8).map { random.normal(row: row, draw: $0) }
      let own = Array(draws[0..<6])
      let treatment = strength * own.reduce(0, +) + draws[6] + draws[7]
      z += own
      d.append(treatment)
      y.append(0.7 * treatment + draws[6] * (1 + 0.5 * abs(own[0])))
    }
    let rows = DistributedRows(rowCount: rowCount, communicator: SoloCommunicator())
    let frame = try Frame(
      rows: rows,
      columns: [.vector("z", .instrument, z, width: 6), .real("d", .treatment, d), .real("y", .outcome, y)])
    return try InstrumentalRegression(
      FrameInstruments(frame, response: 2, endogenous: [1], controls: [], instruments: [0]))
  }

  @Test func `with strong instruments all estimators agree and find the effect, and ordinary regression does not`()
    throws
  {
    let regression = try regression(rowCount: 5000, strength: 1, seed: 3)
    let twoStage = try regression.estimate(.twoStage)
    for estimator in [
      InstrumentalEstimator.hful, .kClass(.limitedInformation), .kClass(.fuller(1)), .jive, .ujive,
    ] {
      let other = try regression.estimate(estimator)
      #expect(abs(other.coefficients[0] - twoStage.coefficients[0]) < 1e-3)
      #expect(abs(other.standardErrors[0] / twoStage.standardErrors[0] - 1) < 2e-2)
    }
    #expect(abs(twoStage.coefficients[0] - 0.7) < 3 * twoStage.standardErrors[0])
    let ordinary = try regression.estimate(.ordinary)
    #expect(abs(ordinary.coefficients[0] - 0.7) > 10 * ordinary.standardErrors[0])
    #expect(try regression.wuHausman().pValue < 1e-9 && regression.hansenJ()!.pValue > 0.01)
    #expect(try regression.andersonRubinSet([1]).contains(0.7))
    let strength = try regression.firstStage()[0]
    #expect(strength.effectiveF > 10 * strength.effectiveFCritical)
  }

  @Test func `with weak instruments two-stage least squares leans to ordinary regression and says so`() throws {
    let regression = try regression(rowCount: 2000, strength: 0.02, seed: 5)
    let strength = try regression.firstStage()[0]
    #expect(strength.effectiveF < strength.effectiveFCritical)
    let (twoStage, hful) = (try regression.estimate(.twoStage), try regression.estimate(.hful))
    #expect(hful.standardErrors[0] > twoStage.standardErrors[0])
    let set = try regression.andersonRubinSet([1])
    #expect(set.contains(0.7))
  }

  @Test(arguments: [0.05, 0.3])
  func `with three endogenous columns the search over the others finds the roots of the quadratic`(
    strength: Double
  ) throws {
    let random = CounterRandom(seed: 8, stream: .test)
    var (z, d, y): ([Double], [Double], [Double]) = ([], [], [])
    for row in 0..<400 {
      let draws = (0..<12).map { random.normal(row: row, draw: $0) }
      let own = Array(draws[0..<7])
      let treatments = [
        strength * (own[0] + own[1] - own[2]) + draws[7] + draws[8],
        strength * 2 * (own[3] + own[4]) + draws[9] - draws[7],
        strength * 3 * (own[5] - own[6] + own[0]) + draws[10],
      ]
      z += own
      d += treatments
      y.append(0.7 * treatments[0] + 0.2 * treatments[1] - treatments[2] + draws[7] + draws[11])
    }
    let frame = try Frame(
      rows: DistributedRows(rowCount: 400, communicator: SoloCommunicator()),
      columns: [
        .vector("z", .instrument, z, width: 7), .vector("d", .covariate, d, width: 3), .real("y", .outcome, y),
      ])
    let regression = try InstrumentalRegression(
      FrameInstruments(frame, response: 2, endogenous: [1], controls: [], instruments: [0]))
    for combination in [[1.0, 0, 0], [0, 0, 1], [1, 2, -1]] {
      let roots = try regression.subsetAndersonRubinSet(combination).intervals
      let found = try regression.andersonRubinSet(combination, .unadjusted).intervals
      try #require(roots.count == found.count, "\(roots) and \(found)")
      for (root, end) in zip(roots, found) {
        for (first, second) in [(root.lower, end.lower), (root.upper, end.upper)] {
          #expect(first == second || abs(second / first - 1) < 1e-8, "\(roots) and \(found)")
        }
      }
    }
  }
}
