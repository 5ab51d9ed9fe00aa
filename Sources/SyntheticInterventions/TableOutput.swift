import Runs
import Storage

/// The table of all targets while it is written, to `table.csv` and `si.h5`.
final class TableOutput {
  /// Numbers that are held before they are written to datasets, for every time a chunk of these is written as a whole.
  private static let numbersAtATime = 1 << 20

  private let layout: TableLayout
  private let csv: TextOutput
  private var file: HDF5File?
  private var target: AtomicFile?
  private var pending: [Double] = []
  private var written = 0

  init(csv: String, hdf5: String, _ layout: TableLayout, targetCount: Int) throws {
    self.layout = layout
    self.csv = try TextOutput(csv, force: true)
    try self.csv.append(layout.table([], of: []).csvHeader[...])
    let target = try AtomicFile(hdf5, force: true)
    let file = try HDF5File.create(target.temporaryPath, named: hdf5)
    for name in TableLayout.columns where name != "interval" {
      try file.createDataset(name, of: Double.self, shape: Self.shape(targetCount, layout))
    }
    try file.createDataset("interval", of: Int64.self, shape: Self.shape(targetCount, layout))
    try file.createDataset("rank", of: Int64.self, shape: [targetCount, layout.problem.armCount])
    try file.createDataset("rankPath", of: Double.self, shape: Self.shape(targetCount, layout, ArmModel.pathLength))
    try file.createDataset("path", of: Double.self, shape: Self.shape(targetCount, layout, layout.pathLength))
    try file.setAttribute("kinds", .strings(IntervalKind.allCases.map(\.rawValue)), of: "interval")
    self.file = consume file
    self.target = consume target
  }

  /// [targets, arms], with a dimension for metrics where there are several, and one more.
  private static func shape(_ targets: Int, _ layout: TableLayout, _ inner: Int? = nil) -> [Int] {
    let metrics = layout.problem.metrics.count
    return [targets, layout.problem.armCount] + (metrics > 1 ? [metrics] : []) + (inner.map { [$0] } ?? [])
  }

  /// Takes the rows of the targets that follow, and their lines of text.
  func append(_ rows: [Double], lines: ArraySlice<UInt8>) throws {
    try csv.append(lines)
    pending += rows
    if pending.count >= Self.numbersAtATime { try flush() }
  }

  /// Writes the rows that are held.
  func flush() throws {
    guard !pending.isEmpty else { return }
    for (offset, name) in TableLayout.columns.enumerated() {
      if name == "interval" {
        try file!.dataset(name).write(codes(layout.numbers(pending, offset)), atRow: written)
      } else {
        try file!.dataset(name).write(layout.numbers(pending, offset), atRow: written)
      }
    }
    let ranks = stride(from: 1, to: pending.count, by: layout.armWidth).map { pending[$0] }
    try file!.dataset("rank").write(codes(ranks), atRow: written)
    let offset = TableLayout.columns.count
    try file!.dataset("rankPath").write(layout.numbers(pending, offset, ArmModel.pathLength), atRow: written)
    try file!.dataset("path").write(
      layout.numbers(pending, offset + ArmModel.pathLength, layout.pathLength), atRow: written)
    written += pending.count / layout.targetWidth
    pending = []
  }

  private func codes(_ numbers: [Double]) -> [Int64] { numbers.map { $0.isNaN ? -1 : Int64($0) } }

  func commit(_ summary: (borrowing HDF5File) throws -> Void) throws {
    guard let file = file.take(), let target = target.take() else { preconditionFailure("the file is complete") }
    try summary(file)
    try file.close()
    try target.commit()
    try csv.commit()
  }
}
