import Communication
import LinearAlgebra
import Mixture
import ModelTestSupport
import TestSupport
import Testing

@Suite struct DesignTests {
  @Test func `Statistics are the weighted sums of products of (1, x, t)`() throws {
    var rows = TestRows(rowCount: 1500, covariateCount: 2, groups: 2, seed: 1)
    rows.weight = (0..<1500).map { 0.5 + Double($0 % 3) }
    let pooled = try rows.design().pooledStatistics()
    let columns = [Array(repeating: 1, count: 1500)] + rows.covariates + [rows.treatment]
    let expected = columns.map { a in
      columns.map { b in (0..<1500).reduce(0) { $0 + rows.weight![$1] * a[$1] * b[$1] } }
    }
    #expect(distance(pooled.gram(0).values, Array(expected.joined())) < 1e-13)
    #expect(pooled.count(0) == pooled.total && distance([pooled.total], [rows.weight!.reduce(0, +)]) < 1e-14)
    #expect(pooled.columnCount == 4 && pooled.groupCount == 1)
  }

  @Test(arguments: [1, 3, 8])
  func `Row i is in fold i mod 5 whatever the ranks`(ranks: Int) throws {
    let rows = TestRows(rowCount: 3000, covariateCount: 2, groups: 2, seed: 2)
    let expected = try (0..<5).map { fold in
      try rows.rows((0..<3000).filter { $0 % 5 == fold }).design().pooledStatistics().gram(0)
    }
    let folds = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      try rows.design(on: communicator).statistics(folds: 5)
    }
    #expect(folds.allSatisfy { $0 == folds[0] })
    for fold in 0..<5 { #expect(distance(folds[0].gram(fold).values, expected[fold].values) < 1e-12) }
  }

  @Test func `Posterior statistics add up to the pooled ones`() throws {
    let rows = TestRows(rowCount: 1100, covariateCount: 3, groups: 3, seed: 3)
    let design = try rows.design()
    let model = try ModelKind.regression.start(design, groups: 3) as! RegressionMixture
    let statistics = try design.statistics(of: [model])[0]
    let sum = (1..<3).reduce(statistics.gram(0)) { $0 + statistics.gram($1) }
    #expect(distance(sum.values, try design.pooledStatistics().gram(0).values) < 1e-13)
    let posteriors = design.posteriors(model).rows
    for k in 0..<3 { #expect(distance([statistics.count(k)], [posteriors.reduce(0) { $0 + $1[k] }]) < 1e-13) }
    // Given as shares, they are the same.
    let given = try design.statistics(groupCount: 3) { row, shares in shares = posteriors[row] }
    for k in 0..<3 { #expect(distance(given.gram(k).values, statistics.gram(k).values) < 1e-13) }
  }

  /// One rank has too many features to keep, two ranks keep theirs: 64 x 135,000 x 8 bytes are 69 MB.
  @Test func `Features evaluated in every pass have the bits of features kept`() throws {
    let x = (0..<135_000).map { Double($0 % 997) / 997 }
    let rows = TestRows(covariates: [x], treatment: x.enumerated().map { $1 * Double($0 % 3) })
    let statistics = try [1, 2].map { ranks in
      try LoopbackCommunicator.run(ranks: ranks) { communicator in
        let design = Design(
          table: try rows.table(on: communicator), featureNames: (0..<64).map { "f\($0)" },
          features: { covariates, count, features, stride in
            for j in 0..<64 {
              for row in 0..<count { features[j * stride + row] = covariates[0][row] * Double(j + 1) }
            }
          })
        return try design.pooledStatistics()
      }[0]
    }
    #expect(bits(statistics[0].summands) == bits(statistics[1].summands))
    let single = try rows.design().pooledStatistics().gram(0)
    #expect(distance([statistics[0].gram(0)[64, 65]], [64 * single[1, 2]]) < 1e-12)
  }
}

@Suite struct ChunkSubsetTests {
  private func subset(_ rowCount: Int, count: Int, ranks: Int, seed: UInt64) throws -> [(chunks: [Int], rows: Int)?] {
    let grid = RowGrid(rowCount: rowCount)
    let partition = randomPartition(grid, ranks: ranks, seed: seed)
    return try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let rows = DistributedRows(partition: partition, communicator: communicator)
      return ChunkSubset(of: rows, count: count, seed: seed).map { ($0.chunks, $0.rows.rowCount) }
    }
  }

  @Test(arguments: [(40, 7), (41, 40), (100, 96), (9, 1)], 1...4 as ClosedRange<UInt64>)
  func `One chunk of each stretch, ascending, for any ranks`(shape: (total: Int, count: Int), seed: UInt64) throws {
    let rowCount = shape.total * RowGrid.defaultChunkLength - 100
    let subsets = try [1, 2, 5].flatMap { try subset(rowCount, count: shape.count, ranks: $0, seed: seed) }
    let chunks = try #require(subsets[0]).chunks
    for (stretch, chunk) in chunks.enumerated() {
      #expect((shape.total * stretch / shape.count..<shape.total * (stretch + 1) / shape.count).contains(chunk))
    }
    #expect(chunks.count == shape.count && zip(chunks, chunks.dropFirst()).allSatisfy(<))
    #expect(subsets.allSatisfy { $0?.chunks == chunks })
    let isShort = chunks.last == shape.total - 1
    #expect(subsets.allSatisfy { $0?.rows == shape.count * RowGrid.defaultChunkLength - (isShort ? 100 : 0) })
  }

  @Test func `Seeds choose different chunks`() throws {
    let chosen = try (1...5).map { try subset(200_000, count: 20, ranks: 1, seed: $0)[0]!.chunks }
    #expect(Set(chosen).count == 5)
  }

  @Test(arguments: [1, 5, 6])
  func `There is none when all chunks are no more than asked for`(total: Int) throws {
    #expect(try subset(total * RowGrid.defaultChunkLength, count: 6, ranks: 2, seed: 1).allSatisfy { $0 == nil })
  }

  /// On some chunks a Gram matrix of each fit is a difference, on a table of their rows none is: both round at 1e-15 of the
  /// sums, and five passes keep eleven digits.
  @Test func `Passes over a subset are those over a table of its rows`() throws {
    let rows = TestRows(rowCount: 12 * RowGrid.defaultChunkLength - 7, covariateCount: 2, groups: 3, seed: 4)
    let table = try rows.table()
    let subset = ChunkSubset(of: table.rows, count: 4, seed: 3)!
    let design = Design(table: table, featureNames: table.covariateNames, features: nil, subset: subset)
    let order = subset.chunks.flatMap { Array(table.rows.grid.rows(ofChunk: $0)) }
    let alone = try rows.rows(order).design()
    let models = try RegressionMixture.starts(
      0..<3, groups: 3, pooled: design.pooledStatistics(), random: CounterRandom(seed: 3, stream: .starts))
    func ends(_ design: Design) throws -> [Fit<RegressionMixture>] {
      try design.expectationMaximization(
        models.enumerated().map { Fit(start: $0.offset, model: $0.element) },
        convergence: Convergence(tolerance: 0, maximumPasses: 5))
    }
    for (fit, other) in try zip(ends(design), ends(alone)) {
      #expect(distance(fit.trace, other.trace) < 1e-7)
      for (a, b) in zip(fit.model.coefficients, other.model.coefficients) { #expect(distance(a, b) < 1e-11) }
    }
  }

  @Test(arguments: [1, 2, 3, 5])
  func `A design of a subset sees the rows of its chunks`(ranks: Int) throws {
    let rows = TestRows(rowCount: 12 * RowGrid.defaultChunkLength - 7, covariateCount: 2, groups: 2, seed: 4)
    let found = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let table = try rows.table(on: communicator)
      let subset = ChunkSubset(of: table.rows, count: 4, seed: 3)!
      let design = Design(table: table, featureNames: table.covariateNames, features: nil, subset: subset)
      return (
        subset.chunks, try design.pooledStatistics(), try design.sample(50, random: .init(seed: 1, stream: .test))
      )
    }
    let chunks = found[0].0
    let order = chunks.flatMap { Array(RowGrid(rowCount: rows.rowCount).rows(ofChunk: $0)) }
    let alone = try rows.rows(order).design()
    #expect(found.allSatisfy { bits($0.1.summands) == bits(found[0].1.summands) })
    #expect(bits(found[0].1.summands) == bits(try alone.pooledStatistics().summands))
    let sample = try alone.sample(50, random: .init(seed: 1, stream: .test))
    #expect(found.allSatisfy { $0.2 == sample })
  }
}
