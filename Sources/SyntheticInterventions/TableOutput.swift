import Runs
import Storage

/// The table of all targets while it is written, to `table.csv` and `si.h5`.
final class TableOutput {
  /// Targets that are held before they are written.
  private static let targetsAtATime = 1024

  private let layout: TableLayout
  private let targets: [Int]
  private let csv: TextOutput
  private var file: HDF5File?
  private var target: AtomicFile?
  private var pending: [Double] = []
  private var written = 0

  init(csv: String, hdf5: String, _ layout: TableLayout, targets: [Int]) throws {
    self.layout = layout
    self.targets = targets
    self.csv = try TextOutput(csv, force: true)
    let target = try AtomicFile(hdf5, force: true)
    let file = try HDF5File.create(target.temporaryPath, named: hdf5)
    for name in TableLayout.columns where name != "interval" {
      try file.createDataset(name, of: Double.self, shape: Self.shape(targets.count, layout))
    }
    try file.createDataset("interval", of: Int64.self, shape: Self.shape(targets.count, layout))
    try file.createDataset("rank", of: Int64.self, shape: [targets.count, layout.problem.armCount])
    try file.createDataset("rankPath", of: Double.self, shape: Self.shape(targets.count, layout, ArmModel.pathLength))
    try file.createDataset("path", of: Double.self, shape: Self.shape(targets.count, layout, layout.pathLength))
    try file.setAttribute("kinds", .strings(IntervalKind.allCases.map(\.rawValue)), of: "interval")
    self.file = consume file
    self.target = consume target
  }

  /// [targets, arms], with a dimension for metrics where there are several, and one more.
  private static func shape(_ targets: Int, _ layout: TableLayout, _ inner: Int? = nil) -> [Int] {
    let metrics = layout.problem.metrics.count
    return [targets, layout.problem.armCount] + (metrics > 1 ? [metrics] : []) + (inner.map { [$0] } ?? [])
  }

  /// Takes the rows of the targets that follow.
  func append(_ rows: [Double]) throws {
    pending += rows
    if pending.count >= Self.targetsAtATime * layout.targetWidth { try flush() }
  }

  /// Writes the rows that are held.
  func flush() throws {
    let count = pending.count / layout.targetWidth
    guard count > 0 else { return }
    try writeHDF5(count)
    let text = table(count).csv
    try csv.append(written == 0 ? text : String(text[text.index(after: text.firstIndex(of: "\n")!)...]))
    written += count
    pending = []
  }

  func commit(_ summary: (borrowing HDF5File) throws -> Void) throws {
    guard let file = file.take(), let target = target.take() else { preconditionFailure("the file is complete") }
    try summary(file)
    try file.close()
    try target.commit()
    try csv.commit()
  }

  /// Where an arm's numbers of a pending target begin, and those of a metric.
  private func start(_ target: Int, _ arm: Int) -> Int { target * layout.targetWidth + arm * layout.armWidth }
  private func start(_ target: Int, _ arm: Int, _ metric: Int) -> Int {
    start(target, arm) + 2 + metric * layout.metricWidth
  }

  /// Numbers of every pending target, arm and metric.
  private func numbers(_ count: Int, _ offset: Int, _ length: Int = 1) -> [Double] {
    (0..<count).flatMap { target in
      (0..<layout.problem.armCount).flatMap { arm in
        layout.problem.metrics.indices.flatMap { metric in
          let start = start(target, arm, metric) + offset
          return pending[start..<start + length]
        }
      }
    }
  }

  private func writeHDF5(_ count: Int) throws {
    for (offset, name) in TableLayout.columns.enumerated() {
      let values = numbers(count, offset)
      if name == "interval" {
        try file!.dataset(name).write(values.map { $0.isNaN ? -1 : Int64($0) }, atRow: written)
      } else {
        try file!.dataset(name).write(values, atRow: written)
      }
    }
    let ranks = (0..<count).flatMap { target in
      (0..<layout.problem.armCount).map { arm in
        let rank = pending[start(target, arm) + 1]
        return rank.isNaN ? -1 : Int64(rank)
      }
    }
    try file!.dataset("rank").write(ranks, atRow: written)
    let offset = TableLayout.columns.count
    try file!.dataset("rankPath").write(numbers(count, offset, ArmModel.pathLength), atRow: written)
    try file!.dataset("path").write(numbers(count, offset + ArmModel.pathLength, layout.pathLength), atRow: written)
  }

  /// A row for each target, arm and metric that is answered for.
  private func table(_ count: Int) -> ResultTable {
    let problem = layout.problem
    let lines = (0..<count).flatMap { target in
      (0..<problem.armCount).flatMap { arm in
        pending[start(target, arm)].isNaN ? [] : problem.metrics.indices.map { (target, arm, $0) }
      }
    }
    func column(_ name: String) -> ResultTable.Column {
      let offset = TableLayout.columns.firstIndex(of: name)!
      return .numbers(lines.map { pending[start($0.0, $0.1, $0.2) + offset].defined })
    }
    var table = ResultTable(rowCount: lines.count)
    table.add("unit", .text(lines.map { problem.panel.units[targets[written + $0.0]] }))
    table.add("arm", .text(lines.map { problem.names[$0.1] }))
    table.add("metric", .text(lines.map { problem.metricName($0.2) }))
    table.add("own", .integers(lines.map { Int(pending[start($0.0, $0.1)]) }))
    table.add("rank", .integers(lines.map { Int(pending[start($0.0, $0.1) + 1]) }))
    table.add("estimate", column("theta"))
    table.add("conf.low", column("lower"))
    table.add("conf.high", column("upper"))
    let kind = TableLayout.columns.firstIndex(of: "interval")!
    table.add(
      "interval",
      .text(
        lines.map { line in
          let code = Int(pending[start(line.0, line.1, line.2) + kind])
          return code < 0 ? nil : IntervalKind.allCases[code].rawValue
        }))
    table.add("observed", column("observed"))
    table.add("effect", column("effect"))
    table.add("weight.norm", column("weightNorm"))
    table.add("pre.rmse", column("preRMSE"))
    return table
  }
}
