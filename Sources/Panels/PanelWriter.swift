import Diagnostics
import Shards
import Storage

/// Writes one file of a panel, row by row: units with all their periods, or periods with all units.
///
/// The file appears under its name at ``finish()`` only; a writer that is dropped before leaves nothing. Rows are
/// gathered to whole chunks, so the bytes of the file depend on the rows, not on the blocks in which they came.
public final class PanelWriter {
  private let header: PanelHeader
  private let path: String
  private let chunkRows: Int
  private var target: AtomicFile?
  private var file: HDF5File?
  private var gathered: [Double] = []
  private var writtenRows = 0

  /// - Parameters:
  ///   - path: the file to be.
  ///   - header: everything but the outcomes.
  ///   - force: whether an existing file is replaced.
  /// - Precondition: the header has an arm for each unit.
  /// - Throws: ``Failure`` `cannotCreate` when the file exists or cannot be created.
  public init(path: String, header: PanelHeader, force: Bool) throws {
    precondition(
      header.unitArms.count == header.units.count && header.starts?.count ?? header.units.count == header.units.count)
    self.path = path
    self.header = header
    chunkRows = min(max(1, header.rowCount), HDF5File.chunkRows(columns: header.width))
    let target = try AtomicFile(path, force: force)
    let file = try HDF5File.create(target.temporaryPath, named: path)
    try file.createDataset(
      PanelDatasetNames().outcome, of: Double.self, shape: [0] + header.shape.dropFirst(), chunkRows: chunkRows,
      isExtendible: true)
    self.file = consume file
    self.target = consume target
  }

  /// Appends whole rows, row-major; NaN is missing.
  ///
  /// - Throws: ``Failure`` `inputOutput` when writing fails.
  public func append(_ values: [Double]) throws {
    precondition(values.count.isMultiple(of: header.width), "rows are whole")
    gathered += values
    let chunk = chunkRows * header.width
    var start = 0
    while gathered.count - start >= chunk {
      try write(Array(gathered[start..<start + chunk]))
      start += chunk
    }
    gathered.removeFirst(start)
  }

  private func write(_ values: [Double]) throws {
    try file!.dataset(PanelDatasetNames().outcome).append(values)
    writtenRows += values.count / header.width
  }

  /// Writes a dataset that is no part of the panel, such as the truth.
  public func write(constant values: [Double], shape: [Int], to name: String) throws {
    try file!.write(values, shape: shape, to: name)
  }

  /// Completes the file and gives it its name.
  ///
  /// - Returns: what a manifest says of it.
  /// - Throws: ``Failure`` `inputOutput` when writing fails, as on a full disk; `cannotCreate` when a file of that name
  ///   has appeared since.
  public func finish() throws -> Manifest.Shard {
    if !gathered.isEmpty { try write(gathered) }
    precondition(writtenRows == header.rowCount, "the header says how many rows there are")
    guard let file = file.take(), let target = target.take() else { preconditionFailure("the file is finished") }
    try header.write(to: file)
    try file.close()
    let digest = try SHA256Digest.ofFile(target.temporaryPath)
    try target.commit()
    return Manifest.Shard(
      file: String(path.split(separator: "/").last ?? ""), rows: writtenRows, sha256: digest, institution: nil)
  }
}
