import Communication
import Frames
import LinearAlgebra
import Mixture
import ModelTestSupport
import TestSupport
import Testing

@Suite struct ChunkLengthTests {
  private static func design(
    _ rows: TestRows, chunkLength: Int, on communicator: any Communicator = SoloCommunicator()
  ) throws -> Design {
    let grid = RowGrid(rowCount: rows.rowCount, chunkLength: chunkLength)
    return try rows.design(Partition(grid: grid, ranks: communicator.size), on: communicator)
  }

  /// Features beside r = x, so that they are evaluated into storage of the design.
  private static func squares(_ table: Frame) -> Design {
    Design(table: table, featureNames: ["a", "b"]) { covariates, rowCount, features, stride in
      for row in 0..<rowCount {
        features[row] = covariates[0][row] * covariates[0][row]
        features[stride + row] = covariates[0][row] * covariates[1][row]
      }
    }
  }

  @Test(arguments: [ModelKind.regression, .full, .kmeans], [1, 4])
  func `Thirty-nine rows give the same bits on 1, 2, 3 and 8 ranks`(kind: ModelKind, chunkLength: Int) throws {
    var rows = TestRows(rowCount: 39, covariateCount: 2, groups: 2, seed: 21)
    rows.weight = (0..<39).map { 0.5 + Double($0 % 3) }
    let content = rows
    let fits = try [1, 2, 3, 8].flatMap { ranks in
      try LoopbackCommunicator.run(ranks: ranks) { communicator in
        let design = try Self.design(content, chunkLength: chunkLength, on: communicator)
        #expect(!design.rows.localRows.isEmpty)
        let start = try kind.start(design, groups: 2)
        let features = try Self.squares(design.table).pooledStatistics()
        return try bits(parameters(of: Course(design, start, passes: 5).model)) + bits(features.summands)
      }
    }
    #expect(Set(fits).count == 1)
  }

  @Test(arguments: [1, 2, 8, 64])
  func `Sums in short chunks are those in long ones to rounding`(chunkLength: Int) throws {
    var rows = TestRows(rowCount: 3000, covariateCount: 3, groups: 2, seed: 22)
    rows.weight = (0..<3000).map { 0.5 + Double($0 % 5) }
    func sums(_ chunkLength: Int) throws -> [[Double]] {
      let design = try Self.design(rows, chunkLength: chunkLength)
      let table = design.table
      let start = try ModelKind.full.start(design, groups: 2)
      let summary = try table.summary().flatMap { [$0.mean, $0.variance, $0.minimum, $0.maximum] }
      let features = try Self.squares(table).pooledStatistics().summands
      let quantiles = try table.quantiles(of: [0.1, 0.5, 0.99]).flatMap { $0 }
      let course = try Course(design, start, passes: 1)
      return [summary, features, quantiles, parameters(of: course.model), course.trace]
    }
    for (short, long) in zip(try sums(chunkLength), try sums(RowGrid.defaultChunkLength)) {
      #expect(distance(short, long) < 1e-12)
    }
  }
}
