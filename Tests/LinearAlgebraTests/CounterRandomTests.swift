import Foundation
import LinearAlgebra
import Testing

@Suite struct CounterRandomTests {
  private static let count = 50_000
  private let random = CounterRandom(seed: 20_240_601, stream: .test)

  private func sample(_ draw: (Int) -> Double) -> [Double] {
    (0..<Self.count).map(draw)
  }

  /// √n times the largest distance of the empirical distribution from `cumulative`; 1.95 is its 99.9% point.
  private func kolmogorovSmirnov(_ sample: [Double], _ cumulative: (Double) -> Double) -> Double {
    let n = Double(sample.count)
    let distances = sample.sorted().enumerated().map { index, value in
      max(abs(cumulative(value) - Double(index) / n), abs(Double(index + 1) / n - cumulative(value)))
    }
    return n.squareRoot() * distances.max()!
  }

  private func correlation(_ a: [Double], _ b: [Double]) -> Double {
    func centred(_ values: [Double]) -> [Double] {
      let mean = values.reduce(0, +) / Double(values.count)
      return values.map { $0 - mean }
    }
    let (a, b) = (centred(a), centred(b))
    func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    return product(a, b) / (product(a, a) * product(b, b)).squareRoot()
  }

  @Test func `Place, seed and stream are the counter and the key`() {
    let random = CounterRandom(seed: 0x299f_31d0_a409_3822, stream: 0x85a3_08d3)
    #expect(
      random.bits(row: 0x0370_7344_1319_8a2e, draw: 0x243f_6a88)
        == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  @Test func `Uniform numbers are uniform`() {
    let sample = sample { random.uniform(row: $0, draw: 0) }
    #expect(sample.allSatisfy { $0 >= 0 && $0 < 1 && ($0 * 0x1p53).rounded() == $0 * 0x1p53 })
    #expect(kolmogorovSmirnov(sample) { $0 } < 1.95)
    #expect(sample.contains { ($0 * 0x1p53).truncatingRemainder(dividingBy: 2) == 1 })
  }

  @Test func `Open uniform numbers are uniform and never zero`() {
    let sample = sample { random.openUniform(row: 3, draw: $0) }
    #expect(sample.allSatisfy { $0 > 0 && $0 < 1 && ($0 * 0x1p53).truncatingRemainder(dividingBy: 2) == 1 })
    #expect(kolmogorovSmirnov(sample) { $0 } < 1.95)
  }

  @Test func `Normal numbers are normal`() {
    let sample = sample { random.normal(row: $0, draw: 1) }
    #expect(kolmogorovSmirnov(sample) { 0.5 * erfc(-$0 / 2.0.squareRoot()) } < 1.95)
    let moments = (1...4).map { power in
      sample.reduce(0) { $0 + pow($1, Double(power)) } / Double(Self.count)
    }
    // Four standard errors of each moment: √(1, 2, 15, 96) / √n.
    for (moment, (expected, variance)) in zip(moments, [(0.0, 1.0), (1, 2), (0, 15), (3, 96)]) {
      #expect(abs(moment - expected) < 4 * (variance / Double(Self.count)).squareRoot())
    }
  }

  @Test func `Both normals of a pair are normal and uncorrelated`() {
    let pairs = (0..<Self.count).map { random.normalPair(row: $0, draw: 2) }
    let (first, second) = (pairs.map(\.0), pairs.map(\.1))
    #expect(kolmogorovSmirnov(second) { 0.5 * erfc(-$0 / 2.0.squareRoot()) } < 1.95)
    #expect(abs(correlation(first, second)) < 4 / Double(Self.count).squareRoot())
    #expect(first[7] == random.normal(row: 7, draw: 2))
  }

  @Test(arguments: [0, 1, 8, 13]) func `Normal pairs of many rows are those of each`(count: Int) {
    let rows = (0..<count).map { Int64($0 * $0 + 1) << 30 }
    var first = [Double](repeating: -9, count: count + 8)
    var second = first
    random.normalPairs(of: rows, draw: 9, to: &first, &second)
    for (index, row) in rows.enumerated() {
      #expect((first[index], second[index]) == random.normalPair(row: Int(row), draw: 9))
    }
    #expect(first[count...].allSatisfy { $0 == -9 } && second[count...].allSatisfy { $0 == -9 })
  }

  @Test func `Streams, seeds, rows and draws are uncorrelated`() {
    let base = sample { random.normal(row: $0, draw: 0) }
    let other = CounterRandom(seed: random.seed, stream: .starts)
    let reseeded = CounterRandom(seed: random.seed + 1, stream: .test)
    let others = [
      sample { other.normal(row: $0, draw: 0) },
      sample { reseeded.normal(row: $0, draw: 0) },
      sample { random.normal(row: $0 + 1, draw: 0) },
      sample { random.normal(row: $0, draw: 1) },
    ]
    for sample in others {
      #expect(abs(correlation(base, sample)) < 4 / Double(Self.count).squareRoot())
      #expect(abs(correlation(base.map { $0 * $0 }, sample.map { $0 * $0 })) < 4 / Double(Self.count).squareRoot())
    }
  }

  @Test func `Categorical draws have their frequencies`() {
    // The same shares as [0.1, 0, 0.6, 0.3], not normalised.
    let probabilities = [1.0, 0, 6, 3]
    var counts = [0, 0, 0, 0]
    for row in 0..<Self.count { counts[random.categorical(row: row, draw: 4, probabilities: probabilities)] += 1 }
    #expect(counts[1] == 0)
    let chiSquare = zip(counts, probabilities).filter { $0.1 > 0 }.reduce(0) { sum, pair in
      let expected = Double(Self.count) * pair.1 / 10
      return sum + pow(Double(pair.0) - expected, 2) / expected
    }
    // The 99.9% point of two degrees of freedom.
    #expect(chiSquare < 13.8)
  }

  @Test func `Integers cover their range evenly`() {
    var counts = Array(repeating: 0, count: 7)
    for row in 0..<Self.count { counts[random.integer(below: 7, row: row, draw: 5)] += 1 }
    let expected = Double(Self.count) / 7
    let chiSquare = counts.reduce(0) { $0 + pow(Double($1) - expected, 2) / expected }
    // The 99.9% point of six degrees of freedom.
    #expect(chiSquare < 22.5)
    #expect((0..<100).allSatisfy { random.integer(below: 1, row: $0, draw: 0) == 0 })
  }
}
