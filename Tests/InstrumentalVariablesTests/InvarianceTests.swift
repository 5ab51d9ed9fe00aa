import Communication
import Frames
import InstrumentalVariables
import LinearAlgebra
import Regression
import TestSupport
import Testing

/// What rows, ranks, units and bases must not change.
@Suite struct InvarianceTests {
  let fixture = InstrumentalFixture.shared
  static let estimators: [InstrumentalEstimator] = [
    .ordinary, .twoStage, .kClass(.limitedInformation), .kClass(.fuller(1)), .hful, .jive, .ujive, .gmm,
  ]

  /// Numbers of every kind of result.
  private static func numbers(_ regression: InstrumentalRegression) throws -> [Double] {
    var numbers: [Double] = []
    for estimator in estimators {
      let estimate = try regression.estimate(estimator)
      numbers += estimate.coefficients + estimate.covariance.values + estimate.controlCoefficients
    }
    for kind in [InstrumentalCovariance.hc3, .clustered([0]), .clustered([0, 1])] {
      numbers += try regression.estimate(.twoStage, covariance: kind).covariance.values
    }
    numbers += try regression.firstStage(.clustered([0])).map(\.effectiveF)
    numbers += [
      try regression.kleibergenPaap().test.statistic, try regression.wooldridge(.clustered([0])).statistic,
      try regression.hansenJ()!.statistic, try regression.durbin().statistic,
    ]
    for kind in [InstrumentalCovariance.hc0, .clustered([0])] {
      numbers.append(try regression.lagrangeMultiplier([0.2, 0.05], kind).statistic)
    }
    return numbers
  }

  @Test(arguments: [2, 3, 8])
  func `all results have the same bits on one rank and on several`(ranks: Int) throws {
    let sample = fixture.sample("strong")
    let alone = try Self.numbers(sample.regression(chunkLength: 16, isWeighted: true))
    #expect(alone.allSatisfy { $0.isFinite })
    let results = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      try Self.numbers(sample.regression(on: communicator, chunkLength: 16, isWeighted: true))
    }
    for result in results { #expect(result == alone) }
  }

  @Test(arguments: [8, 64, 1024])
  func `how long chunks are changes rounding only`(chunkLength: Int) throws {
    let sample = fixture.sample("weighted")
    let first = try Self.numbers(sample.regression(isWeighted: true))
    let second = try Self.numbers(sample.regression(chunkLength: chunkLength, isWeighted: true))
    #expect(relativeDistance(second, first) < 1e-9)
  }

  @Test(arguments: estimators)
  func `units and origins of y and D move coefficients as they should`(estimator: InstrumentalEstimator) throws {
    let sample = fixture.sample("strong")
    var moved = sample
    moved.y = sample.y.map { 250 * $0 - 3e4 }
    moved.d = sample.d.map { [1e-3 * $0[0] + 7, -40 * $0[1]] }
    let first = try sample.regression().estimate(estimator)
    let second = try moved.regression().estimate(estimator)
    let factors = [250 / 1e-3, 250 / -40.0]
    #expect(relativeDistance(second.coefficients, zip(first.coefficients, factors).map { $0 * $1 }) < 1e-8)
    let errors = zip(first.standardErrors, factors).map { $0 * abs($1) }
    #expect(relativeDistance(second.standardErrors, errors) < 1e-8)
  }

  @Test(arguments: estimators)
  func `other columns of the same span are the same controls and instruments`(estimator: InstrumentalEstimator) throws {
    let sample = fixture.sample("weighted")
    var mixed = sample
    mixed.w = sample.w.map { [3 * $0[0] - $0[1] + 1e3, $0[1] / 7] }
    // UJIVE alone leaves controls in D; instruments may have any of them.
    mixed.z = zip(sample.z, sample.w).map { z, w in
      [z[4] + z[0], 1e4 * z[1] - 5, z[2] - 2 * z[3] + w[0], z[3] + 0.1 * w[1], z[0] - z[4]]
    }
    let first = try sample.regression(isWeighted: true).estimate(estimator)
    let second = try mixed.regression(isWeighted: true).estimate(estimator)
    #expect(relativeDistance(second.coefficients, first.coefficients) < 1e-8)
    #expect(relativeDistance(second.covariance.values, first.covariance.values) < 1e-7)
  }

  @Test func `nearly dependent controls cost few digits`() throws {
    let sample = fixture.sample("strong")
    var close = sample
    // 1 - R² of the second control is 1e-8, and the means are 1e5 deviations away.
    close.w = sample.w.map { [1e5 + $0[0], 1e5 + $0[0] + 1e-4 * ($0[1] + 200) / 30] }
    let regression = try close.regression()
    #expect(regression.dropped.isEmpty && regression.conditionNumber > 1e7)
    for estimator in Self.estimators {
      let (first, second) = (try sample.regression().estimate(estimator), try regression.estimate(estimator))
      #expect(relativeDistance(second.coefficients, first.coefficients) < 1e-7, "\(estimator)")
      #expect(relativeDistance(second.standardErrors, first.standardErrors) < 1e-6, "\(estimator)")
    }
  }

  @Test func `a row of weight two is a row given twice`() throws {
    var (weighted, repeated) = (fixture.sample("strong"), fixture.sample("strong"))
    let twice = weighted.y.indices.filter { $0 % 3 == 0 }
    weighted.weights = weighted.y.indices.map { $0 % 3 == 0 ? 2 : 1 }
    repeated.w += twice.map { repeated.w[$0] }
    repeated.z += twice.map { repeated.z[$0] }
    repeated.d += twice.map { repeated.d[$0] }
    repeated.y += twice.map { repeated.y[$0] }
    repeated.clusters += twice.map { repeated.clusters[$0] }
    repeated.others += twice.map { repeated.others[$0] }
    let (first, second) = (try weighted.regression(isWeighted: true), try repeated.regression())
    for estimator in [InstrumentalEstimator.ordinary, .twoStage, .kClass(.limitedInformation)] {
      let expected = try second.estimate(estimator)
      #expect(relativeDistance(try first.estimate(estimator).coefficients, expected.coefficients) < 1e-10)
    }
    for (row, other) in zip(try first.firstStage(), try second.firstStage()) {
      #expect(abs(row.partialRSquared - other.partialRSquared) < 1e-12)
      #expect(abs(row.sheaRSquared - other.sheaRSquared) < 1e-12)
    }
  }

  private static func allNumbers(_ regression: InstrumentalRegression) throws -> [Double] {
    var numbers = try numbers(regression) + [regression.rowCount]
    for kind in [InstrumentalCovariance.unadjusted, .hc0, .hc1, .hc2, .hc3] {
      for estimator in [InstrumentalEstimator.ordinary, .twoStage, .kClass(.fuller(1))] {
        numbers += try regression.estimate(estimator, covariance: kind).covariance.values
      }
    }
    for stage in try regression.firstStage() { numbers += [stage.f.statistic, stage.robustF!.statistic] }
    numbers += [try regression.sargan()!.statistic, try regression.basmann()!.statistic]
    for interval in try regression.andersonRubinSet([1, 20]).intervals { numbers += [interval.lower, interval.upper] }
    return numbers
  }

  @Test(arguments: [1, 3])
  func `a row of frequency f is f rows, in every estimate, covariance, test and set`(ranks: Int) throws {
    var (counted, repeated) = (fixture.sample("strong"), fixture.sample("strong"))
    counted.weights = counted.y.indices.map { [1, 0, 3, 1, 2][$0 % 5] }
    func copies<Value>(_ values: [Value]) -> [Value] {
      zip(values, counted.weights).flatMap { Array(repeating: $0, count: Int($1)) }
    }
    (repeated.w, repeated.z, repeated.d, repeated.y) = (
      copies(counted.w), copies(counted.z), copies(counted.d), copies(counted.y)
    )
    (repeated.clusters, repeated.others) = (copies(counted.clusters), copies(counted.others))
    let expected = try Self.allNumbers(repeated.regression())
    let source = counted
    let results = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      try Self.allNumbers(InstrumentalRegression(source.rows(on: communicator, isCounted: true)))
    }
    for result in results { #expect(relativeDistance(result, expected) < 1e-8) }
  }

  @Test func `a row without weight is no row`() throws {
    var (weighted, shorter) = (fixture.sample("strong"), fixture.sample("strong"))
    weighted.weights = weighted.y.indices.map { $0 < 150 ? 1 : 0 }
    (shorter.w, shorter.z, shorter.d) = (Array(shorter.w[..<150]), Array(shorter.z[..<150]), Array(shorter.d[..<150]))
    (shorter.y, shorter.clusters, shorter.others) = (
      Array(shorter.y[..<150]), Array(shorter.clusters[..<150]), Array(shorter.others[..<150])
    )
    let first = try Self.numbers(weighted.regression(isWeighted: true))
    #expect(relativeDistance(first, try Self.numbers(shorter.regression())) < 1e-8)
  }
}
