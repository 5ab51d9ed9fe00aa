import Communication
import LinearAlgebra
import Regression
import TestSupport
import Testing

@Suite struct MeatTests {
  let fixture = RegressionFixture.shared
  static let names = ["hc0", "hc1", "hc2", "hc3", "cr0", "cr1", "bartlett"]

  @Test(arguments: names)
  func `Covariances of least squares are those of statsmodels`(name: String) throws {
    let plain = try fixture.leastSquares(fixture.gram)
    let weighted = try fixture.leastSquares(fixture.columns.gram(weights: fixture.weights))
    for (fit, weights, expected) in [
      (plain, nil, fixture.leastSquares), (weighted, fixture.weights, fixture.weighted),
    ] {
      let meat = fixture.meat(fixture.kind(name), fit.scores, weights: weights)
      let covariance = Sandwich(bread: fit.bread, meat: meat.matrix).covariance
      #expect(relativeDistance(covariance, expected.covariances[name]!) < 1e-9)
    }
  }

  @Test(arguments: names)
  func `Covariances of instrumental regressions are those of linearmodels`(name: String) throws {
    let members: [(KClassEstimator, RegressionFixture.Fit)] = [
      (.twoStage, fixture.twoStage), (.limitedInformation, fixture.limitedInformation), (.fuller(4), fixture.fuller),
      (.fixed(0.6), fixture.fixed),
    ]
    for (estimator, expected) in members {
      let fit = try fixture.kClass(estimator)
      let meat = fixture.meat(fixture.kind(name), fit.scores)
      let covariance = Sandwich(bread: fit.bread, meat: meat.matrix).covariance
      #expect(relativeDistance(covariance, expected.covariances[name]!) < 1e-7)
    }
  }

  @Test(arguments: names, [1, 2, 3, 5, 69])
  func `How the rows are cut and in what order the pieces are added does not matter`(name: String, length: Int) throws {
    let fit = try fixture.kClass(.twoStage)
    let kind = fixture.kind(name)
    let whole = fixture.meat(kind, fit.scores).matrix
    let chunks = stride(from: 0, to: fixture.c.count, by: length).map { $0..<min($0 + length, fixture.c.count) }
    let cut = fixture.meat(kind, fit.scores, chunks: chunks, order: chunks.indices.reversed()).matrix
    #expect((cut - whole).largestMagnitude < 1e-12 * whole.largestMagnitude)
  }

  @Test func `Blocks of one chunk continue each other`() throws {
    let block = try fixture.leastSquares(fixture.gram).scores.block(fixture.columns)
    var (once, twice) = (Meat(.bartlett(lags: 4), width: 5), Meat(.bartlett(lags: 4), width: 5))
    once.add(block)
    for rows in [Array(0..<3), Array(3..<70)] {
      twice.add(ScoreBlock(scores: block.scores.selecting(rows: rows, columns: Array(0..<5))))
    }
    #expect(once.summands == twice.summands)
  }

  @Test func `No lags are independent rows and a cluster per row is a row`() throws {
    let fit = try fixture.leastSquares(fixture.gram)
    let rows = fixture.meat(.hc0, fit.scores).matrix
    let lagged = fixture.meat(.bartlett(lags: 0), fit.scores).matrix
    #expect((lagged - rows).largestMagnitude < 1e-12 * rows.largestMagnitude)
    var clustered = Meat(.cr0, width: 5, clusterCount: 70)
    var block = fit.scores.block(fixture.columns)
    block.clusters = Array(0..<70)
    clustered.add(block)
    #expect((clustered.matrix - rows).largestMagnitude < 1e-12 * rows.largestMagnitude)
  }

  @Test func `A cluster without rows does not count`() throws {
    let block = ScoreBlock(scores: Matrix([[1], [2], [4]]), clusters: [0, 2, 2])
    var meat = Meat(.cr1, width: 1, clusterCount: 5)
    meat.add(block)
    // (1² + 6²) times 2/1 times 2/2.
    #expect(meat.matrix == Matrix([[74]]))
  }

  @Test func `A row that is fitted exactly adds nothing`() throws {
    // Column 4 is the indicator of row 11.
    let columns = fixture.columns.replacing(4) { _, i in i == 11 ? 1 : 0 }
    let fit = try fixture.leastSquares(columns.gram())
    let others = (0..<70).filter { $0 != 11 }
    let without = columns.selecting(rows: others, columns: Array(0..<9))
    let smaller = try LeastSquares(without.gram(), regressors: [0, 1, 2, 3], response: 8)
    var (meat, expected) = (Meat(.hc3, width: 5), Meat(.hc3, width: 4))
    meat.add(fit.scores.block(columns))
    expected.add(smaller.scores.block(without))
    let covariance = Sandwich(bread: fit.bread, meat: meat.matrix).covariance
    let other = Sandwich(bread: smaller.bread, meat: expected.matrix).covariance
    let leading = covariance.selecting(rows: [0, 1, 2, 3], columns: [0, 1, 2, 3])
    #expect(relativeDistance(leading, other.nested) < 1e-8)
  }

  @Test(arguments: [MeatKind.hc1, .cr1, .bartlett(lags: 6)])
  func `A sum over ranks has the same bits on 1, 2, 3 and 8 of them`(kind: MeatKind) throws {
    let random = CounterRandom(seed: 3, stream: .test)
    let rowCount = 9 * RowGrid.defaultChunkLength - 100
    @Sendable func meat(_ communicator: any Communicator) throws -> [Double] {
      let rows = DistributedRows(rowCount: rowCount, communicator: communicator)
      let zero = Meat(kind, width: 2, clusterCount: 11, chunkCount: rows.grid.chunkCount)
      return try rows.sum(zero) { meat, chunk in
        let range = rows.grid.rows(ofChunk: chunk)
        let values = range.flatMap { [random.normal(row: $0, draw: 0), random.normal(row: $0, draw: 1)] }
        meat.add(
          ScoreBlock(
            scores: Matrix(rows: range.count, columns: 2, values: values), clusters: range.map { $0 * 7 % 11 }),
          chunk: chunk)
      }.matrix.values
    }
    let alone = try meat(SoloCommunicator())
    #expect(alone.allSatisfy(\.isFinite) && alone[0] > 1)
    for ranks in [2, 3, 8] {
      for values in try LoopbackCommunicator.run(ranks: ranks, meat) { #expect(values == alone) }
    }
  }
}
