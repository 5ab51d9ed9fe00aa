import Communication
import Runs
import Storage

/// The files of synthetic interventions: `si.h5` with all numbers, a tidy table with a row for each target, arm and
/// metric, and one of the paths of the cells that the result lists.
public struct SyntheticInterventionsFiles {
  /// In the order in which they get their names.
  public static let names = ["si.h5", "table.csv", "paths.csv"]
  private static let encodingType = "giv-si"
  private static let encodingVersion = "1.0.0"

  private let fitted: FittedInterventions
  /// Attributes of the root: versions, digests of what the answers come from.
  private let origin: [String: String]
  private let layout: TableLayout

  public init(_ fitted: FittedInterventions, origin: [String: String]) {
    self.fitted = fitted
    self.origin = origin
    layout = TableLayout(fitted.table.analysis.problem)
  }

  /// Writes all files; the rows of targets come from the ranks that have their units. Collective.
  ///
  /// - Parameter path: where to write one of ``names``; asked on rank 0 alone.
  /// - Throws: on all ranks the same ``Failure`` `cannotCreate` or `inputOutput`.
  public func write(to path: (_ name: String) -> String) throws {
    let (table, rows) = (fitted.table, fitted.table.analysis.problem.panel.frame.rows)
    let communicator = rows.communicator
    let output = try communicator.agree { () -> TableOutput? in
      guard communicator.isRoot else { return nil }
      return try TableOutput(
        csv: path("table.csv"), hdf5: path("si.h5"), layout, targetCount: table.design.targets.count)
    }
    // Text takes longer than the numbers, and so every rank makes that of its own.
    try rows.forEachChunkAtRoot(
      produce: { chunk in
        let numbers = try table.rows(ofChunk: chunk, layout)
        return numbers.withUnsafeBytes(Array.init)
          + layout.table(numbers, of: table.targets(ofChunk: chunk)).csvRows
      },
      consume: { chunk, bytes in
        let count = table.targets(ofChunk: chunk).count * layout.targetWidth
        let numbers = bytes.prefix(count * MemoryLayout<Double>.stride)
        try output!.append(numbers.elements(Double.self), lines: bytes[numbers.endIndex...])
      })
    try communicator.agree {
      guard let output else { return }
      try output.flush()
      try output.commit { try writeSummary(to: $0) }
      try AtomicFile.save([UInt8](paths.csv.utf8), to: path("paths.csv"), force: true)
    }
  }

  // MARK: Paths

  /// Observed outcomes and those under arms, period by period, of the cells that the result lists; before, outcomes under
  /// an arm are what its donors make of the unit.
  private var paths: ResultTable {
    let analysis = fitted.table.analysis
    let intervals = CellIntervals(analysis: analysis, options: fitted.result.options)
    let lines = fitted.cells.flatMap { intervals.pathLines($0) }
    var table = ResultTable(rowCount: lines.count)
    table.add("unit", .text(lines.map(\.unit)))
    table.add("arm", .text(lines.map(\.arm)))
    table.add("metric", .text(lines.map(\.metric)))
    table.add("period", .text(lines.map(\.period)))
    table.add("window", .text(lines.map { $0.isAfter ? "after" : "before" }))
    table.add("observed", .numbers(lines.map(\.observed)))
    table.add("estimate", .numbers(lines.map(\.estimate)))
    table.add("conf.low", .numbers(lines.map { line in line.half.map { line.estimate! - $0 } }))
    table.add("conf.high", .numbers(lines.map { line in line.half.map { line.estimate! + $0 } }))
    return table
  }

  // MARK: HDF5

  private func writeSummary(to file: borrowing HDF5File) throws {
    let (result, problem) = (fitted.result, fitted.table.analysis.problem)
    try file.setAttribute("encoding-type", .string(Self.encodingType))
    try file.setAttribute("encoding-version", .string(Self.encodingVersion))
    for (name, text) in origin.sorted(by: { $0.key < $1.key }) { try file.setAttribute(name, .string(text)) }
    try file.setAttribute("configuration", .string(try jsonText(result.options)))
    try file.setAttribute("table-digest", .string(result.tableDigest))
    try file.write(problem.names, to: "arms")
    try file.write(result.metrics, to: "metrics")
    try file.write(fitted.table.design.targets.map { problem.panel.units[$0] }, to: "targets")
    // Names may hold what paths may not.
    for (index, arm) in result.arms.enumerated() {
      let group = "arm/\(index)"
      try file.write(arm.spectrum, to: "\(group)/spectrum")
      try file.setAttribute("name", .string(arm.name), of: group)
      try file.setAttribute("rank", .integer(Int64(arm.rank)), of: group)
      try file.setAttribute("donors", .integer(Int64(arm.donors)), of: group)
      try file.setAttribute("after", .strings(arm.after), of: group)
      try file.setAttribute("verdict", .string(arm.verdict.rawValue), of: group)
      try file.setAttribute("threshold", .number(arm.threshold ?? .nan), of: group)
      try file.setAttribute("calibration-factor", .number(arm.calibrationFactor ?? .nan), of: group)
    }
    if let weights = fitted.weights {
      for (index, cell) in fitted.cells.enumerated() {
        let group = "weights/\(index)"
        try file.write(weights.units[index].map { problem.panel.units[$0] }, to: "\(group)/donors")
        try file.write(weights.weights[index], to: "\(group)/weights")
        try file.setAttribute("unit", .string(problem.panel.units[cell.unit]), of: group)
        try file.setAttribute("arm", .string(problem.names[cell.arm]), of: group)
      }
    }
    try writePlacebos(to: file)
    try writeEventStudy(to: file)
  }

  private func writePlacebos(to file: borrowing HDF5File) throws {
    var holders: [String: Int] = [:]
    for (index, placebo) in fitted.result.placeboSpace.enumerated() {
      let group = "placebo_space/\(index)"
      try file.write(placebo.gaps.map { $0 ?? .nan }, to: "\(group)/gaps")
      // Where targets are no donors of placebos, all have those of the first one.
      let holder = fitted.result.options.placeboIncludesTarget ? index : holders[placebo.metric] ?? index
      holders[placebo.metric] = holder
      if holder == index { try writePlacebos(of: placebo, to: file, group) }
      try file.setAttribute("placebos-in", .string("placebo_space/\(holder)"), of: group)
      try file.setAttribute("unit", .string(placebo.unit), of: group)
      try file.setAttribute("metric", .string(placebo.metric), of: group)
      try file.setAttribute("ratio", .number(placebo.ratio), of: group)
      try file.setAttribute("p", .number(placebo.p), of: group)
    }
    for (index, placebo) in fitted.result.placeboTime.enumerated() {
      let group = "placebo_time/\(index)"
      try file.write(
        [placebo.gap, placebo.lower ?? .nan, placebo.upper ?? .nan, placebo.ratio ?? .nan], to: "\(group)/gap")
      try file.setAttribute("unit", .string(placebo.unit), of: group)
      try file.setAttribute("metric", .string(placebo.metric), of: group)
      try file.setAttribute("start", .string(placebo.start), of: group)
    }
  }

  private func writePlacebos(of target: PlaceboInSpace, to file: borrowing HDF5File, _ group: String) throws {
    let placebos = target.placebos
    try file.write(placebos.map(\.unit), to: "\(group)/placebo_units")
    try file.write(placebos.map(\.ratio), to: "\(group)/placebo_ratios")
    try file.write(
      placebos.flatMap { $0.gaps.map { $0 ?? .nan } }, shape: [placebos.count, target.gaps.count],
      to: "\(group)/placebo_gaps")
  }

  /// [time, 3]: estimate and ends of the interval.
  private func writeEventStudy(to file: borrowing HDF5File) throws {
    for (index, study) in fitted.result.eventStudy.enumerated() {
      let group = "event_study/\(index)"
      func numbers(_ effect: EventStudy.Effect) -> [Double] {
        [effect.estimate ?? .nan, effect.lower ?? .nan, effect.upper ?? .nan]
      }
      try file.write(study.effects.flatMap(numbers), shape: [study.effects.count, 3], to: "\(group)/effects")
      try file.write(numbers(study.overall), to: "\(group)/overall")
      try file.write(study.cohorts.map(\.start), to: "\(group)/cohorts")
      try file.write(
        study.cohorts.flatMap { $0.effects.map { $0 ?? .nan } }, shape: [study.cohorts.count, study.effects.count],
        to: "\(group)/cohort_effects")
      try file.setAttribute("metric", .string(study.metric), of: group)
    }
  }
}

extension CellIntervals {
  struct PathLine {
    let unit, arm, metric, period: String
    let isAfter: Bool
    let observed: Double?
    let estimate: Double?
    let half: Double?
  }

  /// The outcomes of a cell by period, with intervals for each outcome after.
  fileprivate func pathLines(_ cell: TargetCell) -> [PathLine] {
    let problem = analysis.problem
    let count = problem.metrics.count
    return problem.metrics.indices.flatMap { metric in
      let numbers = cell.numbers[metric]
      let shown = shown(numbers, arm: cell.arm, metric: metric, own: cell.isOwn ? cell.unit : nil)
      func line(_ period: Int, _ isAfter: Bool, _ observed: Double, _ estimate: Double, _ half: Double?) -> PathLine {
        PathLine(
          unit: problem.panel.units[cell.unit], arm: problem.names[cell.arm], metric: problem.metricName(metric),
          period: problem.panel.periods[period], isAfter: isAfter, observed: observed.defined,
          estimate: estimate.defined, half: estimate.isFinite ? half : nil)
      }
      let before = problem.before.enumerated().map { place, period in
        line(period, false, cell.before[place * count + metric], cell.fitted[place * count + metric], nil)
      }
      return before
        + problem.after[cell.arm].enumerated().map { place, period in
          let at = place * count + metric
          let variance =
            shown.kind == .published || cell.pathSlopes.isEmpty
            ? numbers.pooled(analysis.rule.variance) * (1 + numbers.weightSquare)
            : numbers.afterVariance * (1 + numbers.weightSquare) + cell.pathSlopes[at]
              * (numbers.targetVariance + numbers.beforeVariance * numbers.weightSquare)
          let base = analysis.rule.quantile * variance.squareRoot()
          // A calibrated band is as much wider as the interval of the mean.
          let half = shown.half.map { base * (shown.kind == .calibrated ? $0 / analysis.rule.baseHalf(numbers) : 1) }
          return line(period, true, cell.observed[at], cell.path[at], half)
        }
    }
  }
}
