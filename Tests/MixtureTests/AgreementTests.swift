import LinearAlgebra
import Mixture
import ModelTestSupport
import TestSupport
import Testing

/// metrics.json.
struct MetricsOracle: Decodable {
  struct Pair: Decodable {
    let name: String
    let confusion: [[Int]]
    let accuracy: Double
    let adjustedRandIndex: Double
    let matching: [[Int]]
  }
  struct Groups: Decodable {
    let labels: [Int]?
    let means: [[Double]]
    let mmd: Double
    let standardizedMeanDifferences: [[Double]]
    let entropy: Double
  }
  let agreement: [Pair]
  let x: [[Double]]
  let balance: [Groups]
}

/// All orders of 0 ..< n.
private func permutations(_ n: Int) -> [[Int]] {
  n == 0 ? [[]] : permutations(n - 1).flatMap { order in (0..<n).map { Array(order[..<$0] + [n - 1] + order[$0...]) } }
}

@Suite struct AgreementTests {
  @Test func `Accuracy, adjusted Rand index and matching are scikit-learn's and scipy's`() throws {
    let oracle: MetricsOracle = try TestSupport.oracle("metrics.json")
    for pair in oracle.agreement {
      let agreement = Agreement(confusion: pair.confusion)
      #expect(abs(agreement.accuracy - pair.accuracy) < 1e-15, "\(pair.name)")
      #expect(abs(agreement.adjustedRandIndex - pair.adjustedRandIndex) < 1e-14, "\(pair.name)")
      let matching = agreement.matching.enumerated().compactMap { found, truth in truth.map { [$0, found] } }
      let right = matching.reduce(0) { $0 + pair.confusion[$1[0]][$1[1]] }
      #expect(right == pair.matching.reduce(0) { $0 + pair.confusion[$1[0]][$1[1]] }, "\(pair.name)")
      #expect(matching.count == pair.matching.count && Set(matching.map { $0[0] }).count == matching.count)
      #expect(agreement.confusion == pair.confusion)
    }
  }

  @Test func `More found labels than true ones leave some without a match`() {
    let agreement = Agreement(confusion: [[5, 0, 4], [0, 6, 0]])
    #expect(agreement.matching == [0, 1, nil])
    #expect(abs(agreement.accuracy - 11.0 / 15) < 1e-15)
  }

  @Test func `Fewer found labels than true ones`() {
    let agreement = Agreement(confusion: [[5, 0], [0, 6], [9, 1]])
    #expect(agreement.matching == [2, 1])
    #expect(abs(agreement.accuracy - 15.0 / 21) < 1e-15)
  }

  @Test func `Ties and trivial partitions have an answer`() {
    #expect(Agreement(confusion: [[5, 5], [5, 5]]).accuracy == 0.5)
    #expect(abs(Agreement(confusion: [[5, 5], [5, 5]]).adjustedRandIndex + 1.0 / 18) < 1e-15)
    #expect(Agreement(confusion: [[7]]).adjustedRandIndex == 1)
    #expect(Agreement(confusion: [[1]]).adjustedRandIndex == 1)
    #expect(Agreement(confusion: [[1, 0], [0, 1]]).adjustedRandIndex == 1)
    #expect(Agreement(confusion: [[3, 4]]).adjustedRandIndex == 0)
  }

  @Test func `The names of found labels do not matter`() {
    let confusion = [[40, 3, 2], [1, 30, 9], [6, 0, 20]]
    let expected = Agreement(confusion: confusion)
    for order in permutations(3) {
      let agreement = Agreement(confusion: confusion.map { row in order.map { row[$0] } })
      #expect(agreement.accuracy == expected.accuracy)
      #expect(abs(agreement.adjustedRandIndex - expected.adjustedRandIndex) < 1e-15)
      #expect(agreement.matching == order.map { expected.matching[$0] })
    }
  }

  @Test(arguments: 1...6)
  func `The assignment is the cheapest of all`(order: Int) {
    let all = permutations(order)
    for trial in 0..<60 {
      let random = CounterRandom(seed: UInt64(trial), stream: .test)
      let costs = (0..<order).map { row in
        // Every third matrix has many ties, every other one negative costs.
        (0..<order).map { column in
          let value = random.uniform(row: row, draw: column) - (trial % 2 == 0 ? 0.5 : 0)
          return trial % 3 == 0 ? (4 * value).rounded() : value
        }
      }
      func cost(_ columns: [Int]) -> Double { columns.enumerated().reduce(0) { $0 + costs[$1.offset][$1.element] } }
      let assignment = minimumCostAssignment(costs)
      #expect(Set(assignment) == Set(0..<order))
      #expect(abs(cost(assignment) - all.map(cost).min()!) < 1e-12)
    }
  }

  @Test func `An assignment of nothing is empty`() { #expect(minimumCostAssignment([]).isEmpty) }
}
