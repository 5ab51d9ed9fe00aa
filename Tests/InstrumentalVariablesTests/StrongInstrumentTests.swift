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
}
