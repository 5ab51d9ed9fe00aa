import Communication
import Diagnostics
import Foundation
import Frames
import Shards
import TestSupport
import Testing

@Suite struct FrameTests {
  static let all: Set<Role> = [.covariate, .treatment, .outcome, .weight, .source]

  @Test(arguments: [1, 3, 7]) func `Rows come back for any files and ranks`(files: Int) throws {
    let folder = try ScratchFolder()
    let rows = ExampleRows(rowCount: 5_000)
    let paths = try rows.write(files: files, in: folder)
    let expected = rows.covariates + [rows.treatment, rows.outcome, rows.weight]
    let single = try ScratchFolder()
    let whole = try rows.write(files: 1, in: single)
    let reference = try FrameContent(whole, ranks: 1, roles: Self.all)
    for ranks in [1, 2, 3, 5, 8] {
      let content = try FrameContent(paths, ranks: ranks, roles: Self.all)
      #expect(content.columns == expected)
      #expect(content.sources == rows.source)
      #expect(content.digest == reference.digest)
    }
  }

  @Test func `The digest tells rows order and names apart`() throws {
    let folder = try ScratchFolder()
    let rows = ExampleRows(rowCount: 1_500)
    func digest(_ rows: ExampleRows, _ name: String, change: (inout ShardHeader) -> Void = { _ in }) throws -> String {
      try rows.write(0..<rows.rowCount, to: folder.file(name), change: change)
      return try FrameContent([folder.file(name)], ranks: 2, roles: Self.all).digest
    }
    let original = try digest(rows, "original")
    var changed = rows
    changed.treatment[1_400] = changed.treatment[1_400].nextUp
    #expect(try digest(changed, "changed") != original)
    changed = rows
    changed.source.swapAt(0, 1)
    #expect(try digest(changed, "swapped") != original)
    #expect(try digest(rows, "renamed") { $0.covariates[0].name = "other" } != original)
    #expect(try digest(rows, "institution") { $0.institution = "B" } == original)
  }

  @Test func `Unused rows are zero and columns aligned`() throws {
    let rows = ExampleRows(rowCount: 1_100)
    let table = try Frame(
      rows: DistributedRows(rowCount: 1_100, communicator: SoloCommunicator()), covariates: rows.covariates,
      treatment: rows.treatment, weight: rows.weight)
    for covariate in 0..<3 {
      let column = try table.pointer(covariate: covariate, chunk: 1)
      #expect(Int(bitPattern: column) % 64 == 0)
      #expect((76..<RowGrid.defaultChunkLength).allSatisfy { column[$0] == 0 })
    }
    let weight = try table.weight(chunk: 1)!
    #expect((76..<RowGrid.defaultChunkLength).allSatisfy { weight[$0] == 0 })
    #expect(try table.outcome(chunk: 0) == nil)
  }

  @Test(arguments: [
    (0, Double.nan, "x", "column 'covariate 2': nan"), (1, .infinity, "t", "inf"), (2, -.infinity, "y", "-inf"),
    (3, -0.5, "weight", "-0.5"),
  ])
  func `A value that is no use is named`(place: Int, value: Double, dataset: String, words: String) throws {
    let folder = try ScratchFolder()
    var rows = ExampleRows(rowCount: 4_000)
    switch place {
    case 0: rows.covariates[2][3_333] = value
    case 1: rows.treatment[3_333] = value
    case 2: rows.outcome[3_333] = value
    default: rows.weight[3_333] = value
    }
    try rows.write(0..<1_000, to: folder.file("a.h5"))
    try rows.write(1_000..<4_000, to: folder.file("b.h5"))
    let paths = [folder.file("a.h5"), folder.file("b.h5")]
    for ranks in [1, 3] {
      let refusal = failure { _ = try FrameContent(paths, ranks: ranks, roles: Self.all) }
      #expect(refusal?.exitCode == .data)
      let message = refusal?.message ?? ""
      #expect(message.hasPrefix("\(paths[1]): dataset '\(dataset)', row 2333 (counted from 0)"), "\(message)")
      #expect(message.contains(words), "\(message)")
    }
  }

  @Test func `Weights that are all zero are refused`() throws {
    let rows = DistributedRows(rowCount: 2, communicator: SoloCommunicator())
    let refusal = failure { _ = try Frame(rows: rows, covariates: [[1, 2]], treatment: [1, 2], weight: [0, 0]) }
    #expect(refusal?.exitCode == .data && refusal?.message.contains("at least one must be positive") == true)
  }

  @Test func `Summaries agree with their definitions for any ranks`() throws {
    let rows = ExampleRows(rowCount: 7_000)
    // A large common offset: variances from sums of squares would be lost.
    var shifted = rows
    shifted.covariates[0] = rows.covariates[0].map { $0 + 1e8 }
    let content = shifted
    var reference: [ColumnSummary]?
    for ranks in [1, 2, 5] {
      let summaries = try LoopbackCommunicator.run(ranks: ranks) { communicator in
        try Frame(
          rows: DistributedRows(rowCount: 7_000, communicator: communicator), covariates: content.covariates,
          treatment: content.treatment, weight: content.weight
        ).summary()
      }
      reference = reference ?? summaries[0]
      #expect(summaries.allSatisfy { $0 == reference })
    }
    let total = rows.weight.reduce(0, +)
    for (summary, column) in zip(reference!, shifted.covariates + [shifted.treatment]) {
      let mean = zip(rows.weight, column).reduce(0) { $0 + $1.0 * ($1.1 - column[0]) } / total + column[0]
      let variance = zip(rows.weight, column).reduce(0) { $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean) } / total
      #expect(abs(summary.mean - mean) <= 1e-12 * abs(mean) + 1e-12)
      #expect(abs(summary.variance - variance) <= 1e-10 * variance)
      #expect(summary.minimum == column.min() && summary.maximum == column.max())
    }
  }

  @Test func `A constant column is known as such`() throws {
    let table = try Frame(
      rows: DistributedRows(rowCount: 3_000, communicator: SoloCommunicator()),
      covariates: [[Double](repeating: 0.1, count: 3_000)], treatment: (0..<3_000).map(Double.init))
    let summary = try table.summary()
    #expect(summary[0].isConstant && summary[0].variance < 1e-30)
    #expect(!summary[1].isConstant)
  }

  @Test func `Standardizing changes covariates and treatment only`() throws {
    let rows = ExampleRows(rowCount: 2_500)
    let table = try Frame(
      rows: DistributedRows(rowCount: 2_500, communicator: SoloCommunicator()), covariates: rows.covariates,
      treatment: rows.treatment, outcome: rows.outcome)
    let before = try table.summary().prefix(4)
    table.standardize(center: before.map(\.mean), scale: before.map(\.standardDeviation))
    for summary in try table.summary().prefix(4) {
      #expect(abs(summary.mean) < 1e-14)
      #expect(abs(summary.variance - 1) < 1e-12)
    }
    #expect(try FrameContent(table).columns[4] == rows.outcome)
    let column = try table.pointer(covariate: 0, chunk: 2)
    #expect((452..<RowGrid.defaultChunkLength).allSatisfy { column[$0] == 0 })
  }
}
