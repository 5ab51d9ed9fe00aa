import Communication
import InstrumentalVariables
import LinearAlgebra
import TestSupport
import Testing

@Suite struct InfluenceTests {
  private let fixture = InstrumentalFixture.shared
  private let combination = [0.7, -1.3]

  /// Σ ψ², Σ ψ and Σ λ y.
  private func sums(
    _ estimator: InstrumentalEstimator, isWeighted: Bool, on communicator: any Communicator = SoloCommunicator()
  ) throws -> [Double] {
    let sample = fixture.sample("strong")
    let rows = try sample.rows(on: communicator, isWeighted: isWeighted)
    let influence = try RowInfluence(
      InstrumentalRegression(rows), estimator, .hc0, combination: combination)
    return try rows.rows.sum([0, 0, 0]) { sums, chunk in
      try rows.withChunk(chunk) { block in
        let buffer = AlignedBuffer(count: 2 * Kernel.paddedCount(block.rowCount))
        let loadings = buffer.pointer + Kernel.paddedCount(block.rowCount)
        influence.fill(block, influences: buffer.pointer, loadings: loadings)
        for row in 0..<block.rowCount {
          sums[0] += buffer.pointer[row] * buffer.pointer[row]
          sums[1] += buffer.pointer[row]
          sums[2] += loadings[row] * block.columns[block.columns.count - 1][row]
        }
      }
    }
  }

  @Test(arguments: ["ordinary", "twoStage", "liml", "fuller", "jive", "ujive"], [false, true])
  func `squared influences add up to the robust variance`(name: String, isWeighted: Bool) throws {
    let estimator = InstrumentalEstimator(name)
    let estimate = try fixture.sample("strong").regression(isWeighted: isWeighted).estimate(estimator)
    let (value, error) = estimate.combination(combination)
    let sums = try sums(estimator, isWeighted: isWeighted)
    #expect(abs(sums[0] / (error * error) - 1) < 1e-10)
    #expect(abs(sums[1]) < 3 * error)
    // Estimators that are linear in y are what their loadings make of it.
    if name == "ordinary" || name == "twoStage" { #expect(abs(sums[2] - value) < 1e-9 * max(1, abs(value))) }
  }

  @Test func `influences on a generalised method of moments are those of its weight`() throws {
    let estimate = try fixture.sample("strong").regression().estimate(.gmm)
    let error = estimate.combination(combination).standardError
    // Its variance takes the weight for the inverse of the moments' at its own estimate.
    #expect(abs(try sums(.gmm, isWeighted: false)[0] / (error * error) - 1) < 0.2)
  }

  @Test func `influences are the same bits on any number of ranks`() throws {
    let alone = try sums(.hful, isWeighted: true)
    for ranks in [2, 3] {
      let all = try LoopbackCommunicator.run(ranks: ranks) { try sums(.hful, isWeighted: true, on: $0) }
      #expect(all.allSatisfy { $0 == alone })
    }
  }
}
