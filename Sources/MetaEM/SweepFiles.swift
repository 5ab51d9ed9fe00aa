import Runs
import Storage

/// The results of a sweep as one table, in three formats.
///
/// `sweep.jsonl` has one JSON object per cell, with all that is known of it; `sweep.csv` one line and `sweep.h5` one
/// dataset per column, see ``ResultTable``. Cells are in the order of the grid.
public struct SweepFiles {
  private let results: [SweepResult]

  public init(_ results: [SweepResult]) { self.results = results }

  /// Writes the three files, replacing those of the same sweep.
  ///
  /// - Throws: ``Failure`` `cannotCreate` or `inputOutput`.
  public func write(toFolder folder: String) throws {
    try table.write(
      toFolder: folder, name: "sweep", encodingType: "giv-sweep", encodingVersion: "1.0.0",
      jsonLines: results.map(jsonText))
  }

  private var table: ResultTable {
    var table = ResultTable(rowCount: results.count)
    func text(_ name: String, _ value: (SweepResult) -> String?) { table.add(name, .text(results.map(value))) }
    func integers(_ name: String, _ value: (SweepResult) -> Int?) { table.add(name, .integers(results.map(value))) }
    func numbers(_ name: String, _ value: (SweepResult) -> Double?) { table.add(name, .numbers(results.map(value))) }
    integers("groups") { $0.cell.groups }
    text("representation") { $0.cell.representation.rawValue }
    text("distribution") { $0.cell.distribution.rawValue }
    numbers("lambda", \.cell.lambda)
    table.add("seed", .unsigned(results.map(\.cell.seed)))
    text("form") { $0.form?.rawValue }
    numbers("logLikelihood", \.logLikelihood)
    integers("parameterCount", \.parameterCount)
    numbers("bic", \.bic)
    numbers("icl", \.icl)
    numbers("entropy", \.entropy)
    numbers("heldOutLogLikelihood", \.heldOutLogLikelihood)
    numbers("mmd", \.mmd)
    numbers("agreement", \.agreement)
    numbers("likelihoodRatio") { $0.likelihoodRatioTest?.ratio }
    numbers("pValue") { $0.likelihoodRatioTest?.pValue }
    integers("converged") { $0.converged.map { $0 ? 1 : 0 } }
    numbers("accuracy", \.accuracy)
    numbers("testLogLikelihood", \.testLogLikelihood)
    numbers("seconds", \.seconds)
    text("modelDigest", \.modelDigest)
    text("failure") { $0.failure?.message }
    return table
  }
}
