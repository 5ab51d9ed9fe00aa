import Diagnostics
import Runs

/// Targets whose treatment is taken to begin before it did, at each of some periods: what is found then is no effect.
struct PlacebosInTime {
  let control: Int
  let options: SyntheticInterventionsOptions
  let isExact: Bool

  /// - Throws: ``Failure`` usage where the first arm is not answered for, or a period does not lie within those before.
  init(_ options: SyntheticInterventionsOptions, _ design: InterventionDesign, isExact: Bool) throws {
    control = try PlacebosInSpace(options, design, isExact: isExact).control
    self.options = options
    self.isExact = isExact
    let (panel, before) = (design.problem.panel, options.windows.before)
    for start in options.placeboTimes where start < before.lowerBound + 2 || start >= before.upperBound {
      let first = before.lowerBound + 2
      throw Failure(
        .usage,
        "--placebo-time \(panel.periods.indices.contains(start) ? panel.periods[start] : "\(start)") leaves no two periods "
          + "before it, or none after, within --pre; give one from "
          + "\(panel.periods[min(first, before.upperBound - 1)]) to \(panel.periods[before.upperBound - 1])")
    }
  }

  /// Collective.
  func answers(_ cells: [TargetCell], _ problem: PanelProblem, in run: Run) throws -> [PlaceboInTime] {
    let units = cells.filter { $0.arm == control && !$0.isOwn }.map(\.unit)
    return try options.placeboTimes.flatMap { start in
      let earlier = PanelProblem(
        problem.panel, metrics: problem.metrics, before: problem.before.lowerBound..<start,
        after: [start..<problem.before.upperBound], donorArms: problem.donorArms.map { $0 == control ? 0 : -1 },
        rules: [problem.rules[control]], names: [problem.names[control]])
      let analysis = try PanelAnalysis(earlier, options, isExact: isExact, in: run)
      let intervals = CellIntervals(analysis: analysis, options: options)
      return try analysis.cells(of: units) { _ in [0] }.flatMap { cell in
        problem.metrics.indices.compactMap { metric in PlaceboInTime(cell, metric, start, intervals) }
      }
    }
  }
}

extension PlaceboInTime {
  /// Nil where the unit has no outcome after the start.
  init?(_ cell: TargetCell, _ metric: Int, _ start: Int, _ intervals: CellIntervals) {
    let problem = intervals.analysis.problem
    let gap = cell.means(metric: metric).error
    guard gap.isFinite else { return nil }
    let shown = intervals.shown(cell.numbers[metric], arm: 0, metric: metric)
    self.gap = gap
    unit = problem.panel.units[cell.unit]
    self.metric = problem.metricName(metric)
    self.start = problem.panel.periods[start]
    rank = cell.numbers[metric].rank
    ratio = PlaceboStatistic(cell, metric)?.ratio()
    lower = shown.half.map { gap - $0 }
    upper = shown.half.map { gap + $0 }
    interval = shown.kind
    reason = shown.reason
  }
}
