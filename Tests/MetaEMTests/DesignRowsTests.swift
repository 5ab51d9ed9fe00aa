import Communication
import Frames
import LinearAlgebra
import MetaEM
import Mixture
import ModelTestSupport
import TestSupport
import Testing

/// What stands beside a design on some chunks of a table belongs to the rows of these chunks.
@Suite struct DesignRowsTests {
  /// Twelve chunks; the source and the weight of a row tell its chunk.
  private static let chunkLength = 64
  private static let rows: TestRows = {
    var rows = TestRows(rowCount: 12 * chunkLength - 7, covariateCount: 2, groups: 2, seed: 4)
    rows.weight = (0..<rows.rowCount).map { Double(1 + $0 / chunkLength) }
    return rows
  }()

  private static func design(_ communicator: any Communicator) throws -> (Design, ChunkSubset) {
    let all = DistributedRows(rowCount: rows.rowCount, chunkLength: chunkLength, communicator: communicator)
    let table = try Frame(
      rows: all, covariates: rows.covariates, treatment: rows.treatment, weight: rows.weight,
      source: (0..<rows.rowCount).map { Int64($0 / chunkLength) })
    let subset = ChunkSubset(of: all, count: 4, seed: 3)!
    return (Design(table: table, featureNames: ["a", "b"], features: nil, subset: subset), subset)
  }

  /// The global rows of the chunks.
  private static func globalRows(_ subset: ChunkSubset) -> [Int] {
    let grid = RowGrid(rowCount: rows.rowCount, chunkLength: chunkLength)
    return subset.chunks.flatMap { Array(grid.rows(ofChunk: $0)) }
  }

  @Test(arguments: [1, 2, 5])
  func `Weights and true sources of a summary are those of the subset's rows`(ranks: Int) throws {
    let summaries = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let (design, subset) = try Self.design(communicator)
      let model = KMeansMixture(centers: [[0, 0, -1], [0, 0, 1]])
      let rule = PosteriorRule(model: model, labelRule: .argmax, seed: 1)
      return (try design.label(by: rule, truth: try Truth.read(design.table)), subset)
    }
    for (summary, subset) in summaries {
      let expected = Self.globalRows(subset)
      let weight = expected.reduce(0) { $0 + Self.rows.weight![$1] }
      #expect(summary.weight(0) + summary.weight(1) == weight)
      let counts = (0..<12).map { source in expected.count { $0 / Self.chunkLength == source } }
      #expect(summary.confusion.map { $0.reduce(0, +) } == counts)
    }
  }

  @Test(arguments: [1, 2, 5])
  func `A column made on a subset stands in for its rows`(ranks: Int) throws {
    let found = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let (design, subset) = try Self.design(communicator)
      let column = try design.column { chunk, values in
        for (offset, row) in chunk.tableRows.enumerated() { values[offset] = Double(row) }
      }
      let other = Design(
        table: design.table, featureNames: ["a", "b"], features: nil, subset: subset,
        replacement: RowReplacement(treatment: column))
      let numbers = try other.rows.localChunks.flatMap { chunk in
        try other.withBlock(ofChunk: chunk) { block, _ in (0..<block.rowCount).map { Int(block.columns[3]![$0]) } }
      }
      return (numbers, subset)
    }
    #expect(found.flatMap(\.0) == Self.globalRows(found[0].1))
  }

  @Test func `Chunks say their rows in the design and in the table`() throws {
    let (design, subset) = try Self.design(SoloCommunicator())
    #expect(design.rows.localChunks.flatMap { Array($0.rows) } == Array(0..<design.rows.rowCount))
    #expect(design.rows.localChunks.flatMap { Array($0.tableRows) } == Self.globalRows(subset))
    #expect(subset.chunks != [0, 1, 2, 3])
  }
}
