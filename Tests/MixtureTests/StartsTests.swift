import Communication
import LinearAlgebra
import Mixture
import ModelTestSupport
import TestSupport
import Testing

private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

private func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

@Suite struct StartsTests {
  static let rows = TestRows(rowCount: 2500, covariateCount: 3, groups: 3, seed: 31)
  private let random = CounterRandom(seed: 5, stream: .starts)

  private func starts(_ rows: TestRows = Self.rows, _ numbers: Range<Int> = 0..<6) throws -> [RegressionMixture] {
    try RegressionMixture.starts(numbers, groups: 3, pooled: rows.design().pooledStatistics(), random: random)
  }

  @Test func `A start depends on the seed and its number only`() throws {
    let all = try starts()
    #expect(try starts() == all)
    #expect(try starts(Self.rows, 2..<4) == Array(all[2..<4]))
    let other = try RegressionMixture.starts(
      0..<6, groups: 3, pooled: Self.rows.design().pooledStatistics(), random: CounterRandom(seed: 6, stream: .starts))
    #expect(zip(all, other).allSatisfy { $0 != $1 })
  }

  @Test func `Starts and their groups are distinct`() throws {
    let lines = try starts().flatMap(\.coefficients)
    for i in lines.indices { for j in 0..<i { #expect(distance(lines[i], lines[j]) > 1e-3) } }
  }

  @Test func `A start does not depend on the units of x and follows those of t`() throws {
    var scaled = Self.rows
    scaled.covariates[1] = scaled.covariates[1].map { 1000 * $0 }
    scaled.covariates[2] = scaled.covariates[2].map { 1e-3 * $0 }
    scaled.treatment = scaled.treatment.map { 50 * $0 }
    for (start, moved) in zip(try starts(), try starts(scaled)) {
      for k in 0..<3 {
        let back = zip(moved.coefficients[k], [1.0, 1, 1000, 1e-3]).map { $0 * $1 / 50 }
        #expect(distance(back, start.coefficients[k]) < 1e-9)
      }
      #expect(distance(moved.standardDeviations.map { $0 / 50 }, start.standardDeviations) < 1e-12)
      #expect(distance([moved.varianceFloor / 2500], [start.varianceFloor]) < 1e-12)
    }
  }

  @Test func `Groups spread about the pooled regression by its residual spread`() throws {
    let design = try Self.rows.design()
    let pooled = try design.pooledStatistics()
    let center = try RegressionMixture(pooled: pooled)
    let starts = try RegressionMixture.starts(0..<200, groups: 3, pooled: pooled, random: random)
    let spread = center.standardDeviations[0]
    var squares = 0.0
    for start in starts {
      #expect(distance(start.standardDeviations, Array(repeating: spread / 2, count: 3)) < 1e-14)
      #expect(distance(start.mixingWeights, [1.0 / 3, 1.0 / 3, 1.0 / 3]) < 1e-15)
      #expect(start.varianceFloor == 1e-4 * spread * spread)
      for beta in start.coefficients {
        let difference = zip(beta, center.coefficients[0]).map { $0 - $1 }
        let gaps = (0..<2500).map { row in product(difference, [1] + Self.rows.covariates.map { $0[row] }) }
        #expect(abs(gaps.reduce(0, +) / 2500) < 1e-12)
        squares += gaps.reduce(0) { $0 + $1 * $1 } / 2500
      }
    }
    // 600 groups of three squared normal numbers each: the mean square is known to 3.3%.
    #expect(abs(squares / 600 / (spread * spread) - 1) < 0.12)
  }

  @Test func `A group cut in two has the mean and the spread that it had`() throws {
    let design = try Self.rows.design()
    let pooled = try design.pooledStatistics()
    let start = try #require(try starts().first)
    let cuts = try start.cuts(perGroup: 2, pooled: pooled, random: random)
    #expect(cuts.count == 6)
    for (number, cut) in cuts.enumerated() {
      let group = number / 2
      let halves = [cut.coefficients[group], cut.coefficients[3]]
      let middle = zip(halves[0], halves[1]).map { ($0 + $1) / 2 }
      #expect(distance(middle, start.coefficients[group]) < 1e-12)
      let difference = zip(halves[0], halves[1]).map { ($1 - $0) / 2 }
      let squares = (0..<2500).reduce(0.0) { sum, row in
        let gap = product(difference, [1] + Self.rows.covariates.map { $0[row] })
        return sum + gap * gap / 2500
      }
      let variance = cut.standardDeviations[3] * cut.standardDeviations[3]
      let spread = start.standardDeviations[group]
      #expect(abs(variance + squares - spread * spread) < 1e-9 * spread * spread)
      #expect(cut.standardDeviations[group] == cut.standardDeviations[3])
      #expect(distance([cut.mixingWeights[group] + cut.mixingWeights[3]], [start.mixingWeights[group]]) < 1e-15)
      for other in 0..<3 where other != group { #expect(cut.coefficients[other] == start.coefficients[other]) }
    }
    #expect(cuts[0] != cuts[1])
  }

  @Test func `Directions say in which functions groups may differ`() throws {
    let pooled = try Self.rows.design().pooledStatistics()
    let center = try RegressionMixture(pooled: pooled).coefficients[0]
    let starts = try RegressionMixture.starts(
      0..<3, groups: 3, pooled: pooled, directions: [[0, 1, 0], [0, 0, 2]], random: random)
    for beta in starts.flatMap(\.coefficients) {
      #expect(beta[1] == center[1])
      #expect(beta[2] != center[2] && beta[3] != center[3])
    }
  }

  @Test func `One group starts at the pooled regression`() throws {
    let pooled = try Self.rows.design().pooledStatistics()
    let start = try RegressionMixture.starts(0..<1, groups: 1, pooled: pooled, random: random)[0]
    let center = try RegressionMixture(pooled: pooled)
    #expect(start.coefficients == center.coefficients && start.standardDeviations == center.standardDeviations)
  }

  @Test func `Equation 6: r has the pooled law in every group, t that of the start`() throws {
    let design = try Self.rows.design()
    let pooled = try design.pooledStatistics()
    let start = try starts()[1]
    let model = try GaussianMixture(equation6: start, pooled: pooled, shape: .full)
    let means = Self.rows.covariates.map(mean)
    var covariance = Matrix(rows: 3, columns: 3)
    for i in 0..<3 {
      for j in 0..<3 {
        covariance[i, j] = mean(
          zip(Self.rows.covariates[i], Self.rows.covariates[j]).map { ($0 - means[i]) * ($1 - means[j]) })
      }
    }
    for k in 0..<3 {
      let slopes = Array(start.coefficients[k].dropFirst())
      let cross = covariance * slopes
      #expect(distance(Array(model.means[k].prefix(3)), means) < 1e-12)
      #expect(
        distance([model.means[k][3]], [start.coefficients[k][0] + product(slopes, means)])
          < 1e-12)
      for i in 0..<3 {
        for j in 0..<3 { #expect(abs(model.covariances[k][i, j] - covariance[i, j]) < 1e-12) }
        #expect(abs(model.covariances[k][i, 3] - cross[i]) < 1e-12)
      }
      let variance = product(slopes, cross)
      let sigma = start.standardDeviations[k]
      #expect(abs(model.covariances[k][3, 3] - variance - sigma * sigma) < 1e-12)
    }
  }

  @Test func `A start at given means has the pooled covariance and equal shares`() throws {
    let pooled = try Self.rows.design().pooledStatistics()
    let model = try GaussianMixture(means: [[0, 0, 0, 0], [1, 1, 1, 1]], pooled: pooled, shape: .full)
    let one = try GaussianMixture(
      equation6: RegressionMixture(pooled: pooled), pooled: pooled, shape: .full)
    #expect(model.means == [[0, 0, 0, 0], [1, 1, 1, 1]] && model.mixingWeights == [0.5, 0.5])
    for covariance in model.covariances {
      #expect(distance(covariance.values, one.covariances[0].values) < 1e-12)
    }
  }
}

@Suite struct CentersTests {
  static let rows = TestRows(rowCount: 9000, covariateCount: 2, groups: 3, seed: 32)

  private func centers(
    _ rows: TestRows = Self.rows, plusPlus: Bool = true, scaled: Bool = true, ranks: Int = 1, groups: Int = 4
  ) throws -> [[[[Double]]]] {
    let partition = randomPartition(RowGrid(rowCount: rows.rowCount), ranks: ranks, seed: 3)
    return try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let design = try rows.design(partition, on: communicator)
      return try design.centers(
        0..<5, groups: groups, plusPlus: plusPlus, scaled: scaled, pooled: design.pooledStatistics(),
        random: CounterRandom(seed: 2, stream: .starts))
    }
  }

  @Test(arguments: [false, true])
  func `Centres are rows, other ones for every start, and the same on any ranks`(plusPlus: Bool) throws {
    let known = Set(
      (0..<9000).map { [Self.rows.covariates[0][$0], Self.rows.covariates[1][$0], Self.rows.treatment[$0]] })
    let expected = try centers(plusPlus: plusPlus)[0]
    #expect(expected.joined().allSatisfy(known.contains))
    #expect(Set(expected).count == 5)
    for ranks in [2, 3, 8] {
      #expect(try centers(plusPlus: plusPlus, ranks: ranks).allSatisfy { $0 == expected })
    }
  }

  @Test func `k-means++ picks each of a few distinct points once`() throws {
    let points = [(0.0, 0.0), (1, 0), (0, 1), (1, 1)]
    let rows = TestRows(
      covariates: [(0..<500).map { points[$0 % 4].0 }], treatment: (0..<500).map { points[$0 % 4].1 })
    for start in try centers(rows)[0] { #expect(Set(start).count == 4) }
    // With fewer points than centres one of them is there twice, and nothing breaks.
    for start in try centers(rows, groups: 6)[0] { #expect(start.count == 6 && Set(start).count == 4) }
  }

  @Test func `k-means++ spreads centres further than random rows`() throws {
    func gap(_ a: [Double], _ b: [Double]) -> Double {
      zip(a, b).reduce(0.0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }
    func nearestPair(_ start: [[Double]]) -> Double {
      var nearest = Double.infinity
      for i in start.indices { for j in 0..<i { nearest = min(nearest, gap(start[i], start[j])) } }
      return nearest
    }
    let spread = try centers()[0].reduce(0) { $0 + nearestPair($1) }
    let random = try centers(plusPlus: false)[0].reduce(0) { $0 + nearestPair($1) }
    #expect(spread > random)
  }

  @Test func `Scaled distances do not depend on units`() throws {
    var scaled = Self.rows
    scaled.covariates[1] = scaled.covariates[1].map { 1024 * $0 }
    let moved = try centers(scaled)[0].map { $0.map { [$0[0], $0[1] / 1024, $0[2]] } }
    #expect(try centers()[0] == moved)
    let unscaled = try centers(scaled, scaled: false)[0].map { $0.map { [$0[0], $0[1] / 1024, $0[2]] } }
    #expect(unscaled != moved)
  }

  @Test func `A sample is rows without repetition in their order, all of them when they are few`() throws {
    let rows = TestRows(covariates: [(0..<3000).map(Double.init)], treatment: (0..<3000).map { -Double($0) })
    let random = CounterRandom(seed: 1, stream: .test)
    let sample = try rows.design().sample(100, random: random)
    #expect(sample.count == 100 && zip(sample, sample.dropFirst()).allSatisfy { $0[0] < $1[0] })
    #expect(sample.allSatisfy { $0[1] == -$0[0] })
    #expect(try rows.design().sample(4096, random: random).map { $0[0] } == rows.covariates[0])
    let many = try LoopbackCommunicator.run(ranks: 3) { communicator in
      try rows.design(randomPartition(RowGrid(rowCount: 3000), ranks: 3, seed: 9), on: communicator)
        .sample(100, random: random)
    }
    #expect(many.allSatisfy { $0 == sample })
  }
}
