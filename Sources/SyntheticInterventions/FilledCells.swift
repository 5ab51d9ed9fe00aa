import Communication
import LinearAlgebra
import Runs

/// Missing cells of donors, filled.
struct FilledCells: Sendable {
  var fills = Fills()
  /// By arm.
  var missing: [MissingCounts]
  /// Missing cells of all units, of all in the windows.
  var missingCount = 0
  let cellCount: Int
  var rounds = 0

  init(_ problem: PanelProblem, in run: Run) throws {
    missing = Array(repeating: MissingCounts(), count: problem.armCount)
    cellCount = problem.panel.units.count * problem.cellCount
  }

  var shareMissing: Double { Double(missingCount) / Double(max(1, cellCount)) }
}
