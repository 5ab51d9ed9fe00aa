import Diagnostics
import Foundation
import Frames
import Shards
import TestSupport
import Testing

@Suite struct ShardInspectionTests {
  private func folder(of rows: ExampleRows) throws -> (folder: ScratchFolder, entries: [Manifest.Shard]) {
    let folder = try ScratchFolder()
    let middle = rows.rowCount / 3
    let entries = try [
      rows.write(0..<middle, to: folder.file("a.h5")) { $0.institution = "Hospital A" },
      rows.write(middle..<rows.rowCount, to: folder.file("b.h5")) { $0.institution = "Hospital B" },
    ]
    try Manifest(header: ShardHeader(covariateNames: rows.names), shards: entries)
      .write(toFolder: folder.path, force: false)
    return (folder, entries)
  }

  @Test func `Sound shards are described`() throws {
    let rows = ExampleRows(rowCount: 3_000)
    let (folder, entries) = try folder(of: rows)
    let inspection = ShardInspection([folder.path])
    #expect(inspection.isSound && inspection.rows == 3_000)
    #expect(inspection.institutions == ["Hospital A", "Hospital B"])
    #expect(inspection.files.map(\.sha256) == entries.map(\.sha256))
    #expect(inspection.files.allSatisfy { $0.matchesManifest == true })
    let file = inspection.files[1]
    #expect(
      file.rows == 2_000
        && file.variables
          == ["covariates", "treatment", "outcome", "source", "weight", "identifier", "institution"]
    )
    #expect(file.columns.map(\.name) == rows.names + ["t", "y", "weight", "z", "id", "institution"])
    for (column, values) in zip(file.columns, rows.covariates + [rows.treatment, rows.outcome, rows.weight]) {
      let values = values[1_000...]
      let mean = values.reduce(0, +) / 2_000
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2_000
      #expect(column.missing == 0 && column.minimum == values.min() && column.maximum == values.max())
      #expect(abs(column.mean! - mean) <= 1e-12 * variance.squareRoot())
      #expect(abs(column.standardDeviation! - variance.squareRoot()) <= 1e-10 * variance.squareRoot())
    }
    let data = try JSONEncoder().encode(inspection)
    #expect(try JSONDecoder().decode(ShardInspection.self, from: data) == inspection)
  }

  @Test func `Missing values and negative weights are listed`() throws {
    let folder = try ScratchFolder()
    var rows = ExampleRows(rowCount: 500)
    rows.covariates[1][3] = .nan
    rows.covariates[1][4] = .infinity
    rows.outcome = [Double](repeating: .nan, count: 500)
    rows.weight[7] = -2
    try rows.write(0..<500, to: folder.file("a.h5"))
    let file = ShardInspection([folder.file("a.h5")]).files[0]
    #expect(file.columns.map(\.missing) == [0, 2, 0, 0, 500, 0, 0, 0])
    #expect(file.columns[1].maximum == rows.covariates[1].filter(\.isFinite).max())
    #expect(file.columns[4].mean == nil && file.columns[4].standardDeviation == nil)
    #expect(file.problems.count == 3)
    #expect(file.problems[0].contains("column 'covariate 1' has 2 missing or infinite values"))
    #expect(file.problems[2].contains("the smallest weight is -2.0"))
  }

  @Test func `Damage strangers and disagreements are listed together`() throws {
    let (folder, _) = try folder(of: ExampleRows(rowCount: 300))
    var bytes = try Data(contentsOf: URL(filePath: folder.file("b.h5")))
    bytes[bytes.count / 2] ^= 4
    try bytes.write(to: URL(filePath: folder.file("b.h5")))
    let other = try ScratchFolder()
    try ExampleRows(rowCount: 5, covariateCount: 2).write(0..<5, to: other.file("c.h5"))
    let inspection = ShardInspection([folder.path, other.file("c.h5"), other.file("none.h5")])
    #expect(!inspection.isSound && inspection.files.count == 4)
    #expect(inspection.files.map(\.problems.isEmpty) == [true, false, true, false])
    #expect(inspection.files[1].matchesManifest == false)
    #expect(inspection.files[1].problems[0].contains("its SHA-256 differs"))
    #expect(inspection.files[3].problems[0].contains("none.h5: No such file"))
    #expect(inspection.exitCode == .noInput)
    #expect(ShardInspection([folder.path, folder.path]).files[2].problems[0].contains("a.h5 is given twice"))
    #expect(inspection.disagreements.count == 1)
    #expect(inspection.disagreements[0].contains("the number of covariates (3 and 2)"))
  }

  @Test func `A named dataset that is missing is a problem`() throws {
    let (folder, _) = try folder(of: ExampleRows(rowCount: 30))
    var names = DatasetNames()
    names.source = "site"
    let inspection = ShardInspection([folder.path], names: names)
    #expect(inspection.files[0].problems.first?.contains("has no dataset 'site' (source)") == true)
  }
}
