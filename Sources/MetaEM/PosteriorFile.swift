import Diagnostics
import Shards
import Storage

/// The file of posteriors: `posterior` [n, K], `label` [n]; `effect` [n] of a joint model; `id` [n] when the rows have
/// identifiers.
final class PosteriorFile {
  private var file: HDF5File?
  private var target: AtomicFile?
  private var identifierColumn: HDF5StringColumn?

  /// - Parameter textIdentifiers: whether identifiers are strings; nil when there are none.
  init(_ path: String, rows: Int, groups: Int, hasEffects: Bool, textIdentifiers: Bool?, force: Bool) throws {
    let target = try AtomicFile(path, force: force)
    let file = try HDF5File.create(target.temporaryPath, named: path)
    try file.createDataset("posterior", of: Double.self, shape: [rows, groups])
    try file.createDataset("label", of: Int64.self, shape: [rows])
    if hasEffects { try file.createDataset("effect", of: Double.self, shape: [rows]) }
    switch textIdentifiers {
    case true?: identifierColumn = HDF5StringColumn("id", chunkRows: 4096)
    case false?: try file.createDataset("id", of: Int64.self, shape: [rows])
    case nil: break
    }
    try file.setAttribute("encoding-type", .string("giv-posteriors"))
    try file.setAttribute("encoding-version", .string("1.0.0"))
    self.file = consume file
    self.target = consume target
  }

  /// Writes the rows that follow those written before.
  func write(
    posteriors: [Double], labels: [Int64], effects: [Double]?, identifiers: Identifiers?, atRow row: Int
  ) throws {
    try file!.dataset("posterior").write(posteriors, atRow: row)
    try file!.dataset("label").write(labels, atRow: row)
    if let effects { try file!.dataset("effect").write(effects, atRow: row) }
    switch identifiers {
    case .strings(let strings): try identifierColumn!.append(strings, to: file!)
    case .integers(let integers): try file!.dataset("id").write(integers, atRow: row)
    case nil: break
    }
  }

  /// Completes the file and gives it its name.
  func commit() throws {
    guard let file = file.take(), let target = target.take() else { preconditionFailure("the file is complete") }
    try file.close()
    try target.commit()
  }
}
