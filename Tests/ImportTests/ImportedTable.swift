import Diagnostics
import Foundation
import Import
import Storage
import TestSupport

/// A table of our own that tests write in many shapes: `t`, `y` and `a` are integers, and `b` is what a test says.
struct ImportedTable {
  static let rowCount = 40
  static let plain = ImportedTable { _ in "0" }

  /// The fields of the rows.
  let rows: [[String]]
  let header = ["t", "y", "a", "b"]

  init(b: (Int) -> String) {
    rows = (0..<Self.rowCount).map { row in
      ["\(row - 12)", "\(row * 7 % 11)", "\(row * row)", b(row)]
    }
  }

  /// The lines of the table, the header first.
  var lines: [String] { ([header] + rows).map { $0.joined(separator: ",") } }

  static func text(_ lines: [String], lineEnd: String = "\n") -> String {
    lines.map { $0 + lineEnd }.joined()
  }

  /// What an import made of a table: the numbers of the shard, and the summary.
  struct Result {
    let summary: ImportSummary
    let x: [Double]
    let t: [Double]
    let y: [Double]

    var codes: [Finding.Code] { summary.findings.map(\.code) }
    /// Equal bits.
    func agrees(with other: Result) -> Bool {
      zip([x, t, y], [other.x, other.t, other.y]).allSatisfy { $0.map(\.bitPattern) == $1.map(\.bitPattern) }
    }
  }

  static func imported(
    _ bytes: [UInt8], covariates: [String] = ["a", "b"], change: (inout ImportPlan) -> Void = { _ in }
  ) throws -> Result {
    try withTemporaryDirectory { folder in
      let table = folder.appendingPathComponent("table.csv")
      try Data(bytes).write(to: table)
      return try imported(at: table.path, into: folder.path + "/out", covariates: covariates, change: change)
    }
  }

  static func imported(
    _ text: String, covariates: [String] = ["a", "b"], change: (inout ImportPlan) -> Void = { _ in }
  ) throws -> Result {
    try imported(Array(text.utf8), covariates: covariates, change: change)
  }

  static func imported(
    at path: String, into folder: String, covariates: [String] = ["a", "b"],
    change: (inout ImportPlan) -> Void = { _ in }
  ) throws -> Result {
    var plan = ImportPlan(treatment: "t", outcome: "y", covariates: covariates)
    change(&plan)
    let summary = try Importer(inputs: [path], plan: plan).run(into: folder, force: true)
    let file = try HDF5File.open(folder + "/shard-00000.h5")
    func numbers(_ name: String) throws -> [Double] { try file.dataset(name).read(Double.self) }
    return Result(summary: summary, x: try numbers("x"), t: try numbers("t"), y: try numbers("y"))
  }

  /// The message by which a table is refused; nil when it is not.
  static func refusal(
    _ text: String, covariates: [String] = ["a", "b"], change: (inout ImportPlan) -> Void = { _ in }
  ) -> String? {
    refusal(Array(text.utf8), covariates: covariates, change: change)
  }

  static func refusal(
    _ bytes: [UInt8], covariates: [String] = ["a", "b"], change: (inout ImportPlan) -> Void = { _ in }
  ) -> String? {
    failure { _ = try imported(bytes, covariates: covariates, change: change) }.map { failure in
      failure.exitCode == .data || failure.exitCode == .usage ? failure.message : "exit code \(failure.exitCode)"
    }
  }
}
