import Panels

/// Which cells of a panel of units are looked at, and whose donors the units are.
///
/// The cells of a unit come period by period, in each the metrics: those of the p = T0 × M periods before, then those of
/// all periods after, of which an arm has a run of its own.
final class PanelProblem: Sendable {
  /// In the layout of units.
  let panel: Panel
  /// Places of the metrics that are looked at.
  let metrics: [Int]
  let before: Range<Int>
  /// By arm.
  let after: [Range<Int>]
  /// By unit the arm whose donor it is; -1 for none.
  let donorArms: [Int]
  /// By arm.
  let rules: [RankRule]
  /// By arm.
  let names: [String]
  /// The periods of the cells, before and after.
  private let periods: [Int]

  init(
    _ panel: Panel, metrics: [Int], before: Range<Int>, after: [Range<Int>], donorArms: [Int], rules: [RankRule],
    names: [String]
  ) {
    self.panel = panel
    self.metrics = metrics
    self.before = before
    self.after = after
    self.donorArms = donorArms
    self.rules = rules
    self.names = names
    let periods = Array(before) + Set(after.joined()).sorted()
    self.periods = periods
    components = periods.flatMap { period in metrics.map { period * panel.metrics.count + $0 } }
  }

  var armCount: Int { after.count }
  /// p.
  var beforeCount: Int { before.count * metrics.count }
  /// Cells of all windows.
  var cellCount: Int { periods.count * metrics.count }

  /// The cells after of an arm, T1 × M of them, among all.
  func afterCells(_ arm: Int) -> Range<Int> {
    let first = periods[before.count...].firstIndex(of: after[arm].lowerBound)!
    return first * metrics.count..<(first + after[arm].count) * metrics.count
  }

  /// The places of the cells in the rows of the frame.
  let components: [Int]

  /// Whether the cells before follow each other in the rows of the frame.
  var isContiguousBefore: Bool { metrics == Array(panel.metrics.indices) }

  /// The label of a cell's period.
  func periodName(_ cell: Int) -> String { panel.periods[periods[cell / metrics.count]] }

  /// The name of a metric by its place among those that are looked at.
  func metricName(_ metric: Int) -> String { panel.metrics[metrics[metric]] }

  /// The number of donors of an arm.
  func donorCount(_ arm: Int) -> Int { donorArms.count { $0 == arm } }
}
