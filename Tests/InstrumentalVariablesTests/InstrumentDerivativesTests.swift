import Communication
import InstrumentalVariables
import LinearAlgebra
import TestSupport
import Testing

@Suite struct InstrumentDerivativesTests {
  private let fixture = InstrumentalFixture.shared
  private static let step = 1e-5

  private enum Weights: CaseIterable {
    case none, weights, counts
  }

  private func rows(
    _ sample: InstrumentalFixture.Sample, _ weights: Weights, on communicator: any Communicator = SoloCommunicator()
  ) throws -> FrameInstruments {
    try sample.rows(on: communicator, isWeighted: weights == .weights, isCounted: weights == .counts)
  }

  /// A sample whose weights are whole numbers, some of them 0, so that they can be counts too.
  private var sample: InstrumentalFixture.Sample {
    var sample = fixture.sample("strong")
    sample.weights = sample.y.indices.map { Double($0 % 4) }
    return sample
  }

  /// The derivative of the coefficients of some estimators when instruments move along `direction`.
  private func derivative(
    _ sample: InstrumentalFixture.Sample, _ estimators: [InstrumentalEstimator], _ weights: Weights,
    on communicator: any Communicator = SoloCommunicator(), along direction: [[Double]]
  ) throws -> [Double] {
    let rows = try rows(sample, weights, on: communicator)
    let derivatives = try InstrumentDerivatives(
      InstrumentalRegression(rows), estimators.map { ($0, .hc0) }, of: rows)
    let (count, l) = (derivatives.coefficientCount, derivatives.instrumentCount)
    return try rows.rows.sum([Double](repeating: 0, count: count)) { sums, chunk in
      let first = rows.rows.grid.rows(ofChunk: chunk).lowerBound
      try rows.withChunk(chunk) { block in
        let stride = Kernel.paddedCount(block.rowCount)
        let values = AlignedBuffer(count: count * l * stride)
        derivatives.fill(block, into: values.pointer, stride: stride)
        for a in 0..<count {
          for j in 0..<l {
            for row in 0..<block.rowCount { sums[a] += values[(a * l + j) * stride + row] * direction[first + row][j] }
          }
        }
      }
    }
  }

  private func difference(
    _ sample: InstrumentalFixture.Sample, _ estimators: [InstrumentalEstimator], _ weights: Weights,
    along direction: [[Double]]
  ) throws -> [Double] {
    func coefficients(_ step: Double) throws -> [Double] {
      var moved = sample
      for i in moved.z.indices { for j in moved.z[i].indices { moved.z[i][j] += step * direction[i][j] } }
      let regression = try InstrumentalRegression(rows(moved, weights))
      return try estimators.flatMap { try regression.estimate($0).coefficients }
    }
    return zip(try coefficients(Self.step), try coefficients(-Self.step)).map { ($0 - $1) / (2 * Self.step) }
  }

  private func direction(_ sample: InstrumentalFixture.Sample) -> [[Double]] {
    sample.z.indices.map { i in sample.z[i].indices.map { Double((i * 37 + $0 * 11) % 19) / 9 - 1 } }
  }

  private static let estimators = ["twoStage", "liml", "fuller", "hful", "jive", "ujive"]

  @Test(arguments: estimators)
  func `coefficients move by their derivatives`(name: String) throws {
    let estimator = InstrumentalEstimator(name)
    for weights in Weights.allCases {
      let found = try derivative(sample, [estimator], weights, along: direction(sample))
      let expected = try difference(sample, [estimator], weights, along: direction(sample))
      #expect(relativeDistance(found, expected) < 1e-6, "\(weights) \(found) \(expected)")
    }
  }

  @Test func `a generalised method of moments moves as its moments, its weight as given`() throws {
    var sample = sample
    let q = sample.d[0].count
    let overidentified = try derivative(sample, [.gmm], .weights, along: direction(sample))
    let expected = try difference(sample, [.gmm], .weights, along: direction(sample))
    // What the weight moves by is of the order of the moments at the estimate.
    #expect(relativeDistance(overidentified, expected) < 0.2, "\(overidentified) \(expected)")
    sample.z = sample.z.map { Array($0[..<q]) }
    #expect(
      relativeDistance(
        try derivative(sample, [.gmm], .weights, along: direction(sample)),
        try difference(sample, [.gmm], .weights, along: direction(sample))) < 1e-6)
  }

  @Test func `instruments that others determine move nothing, nor do combinations of instruments and controls`() throws
  {
    var sample = sample
    let estimators = Self.estimators.map { InstrumentalEstimator($0) }
    let whole = try derivative(sample, estimators, .weights, along: direction(sample))
    let along = sample.z.indices.map { i in
      sample.z[i].indices.map { j in sample.z[i][(j + 1) % sample.z[i].count] - 0.3 * sample.w[i][j % 2] + 2 }
    }
    let none = try derivative(sample, estimators, .weights, along: along)
    #expect(zip(none, whole).allSatisfy { abs($0) < 1e-9 * abs($1) }, "\(none) \(whole)")
    sample.z = sample.z.map { [$0[0], $0[0]] + $0.dropFirst() }
    let further = direction(self.sample).map { [$0[0], 5] + $0.dropFirst() }
    let found = try derivative(sample, estimators, .weights, along: further)
    #expect(relativeDistance(found, whole) < 1e-8)
  }

  @Test func `derivatives are the same bits on any number of ranks`() throws {
    let (sample, estimators) = (sample, [InstrumentalEstimator.hful, .ujive])
    let along = direction(sample)
    let alone = try derivative(sample, estimators, .weights, along: along)
    for ranks in [2, 3] {
      let all = try LoopbackCommunicator.run(ranks: ranks) {
        try derivative(sample, estimators, .weights, on: $0, along: along)
      }
      #expect(all.allSatisfy { $0 == alone })
    }
  }
}
