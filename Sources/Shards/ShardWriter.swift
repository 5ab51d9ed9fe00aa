import Diagnostics
import Frames
import Storage

/// Writes one shard, row block by row block, of a length that need not be known before.
///
/// ```swift
/// let writer = try ShardWriter(path: "a.h5", header: header, variables: [.covariates, .treatment], force: false)
/// try writer.append(ShardBlock(covariates: x, treatment: t))
/// let entry = try writer.finish()
/// ```
/// The file appears under its name at ``finish()`` only; a writer that is dropped before leaves nothing. Rows are
/// gathered to whole chunks before they are written, so the bytes of the file depend on the rows, not on the blocks in
/// which they came.
public final class ShardWriter {
  private let header: ShardHeader
  private let path: String
  private var target: AtomicFile?
  private var file: HDF5File?
  private let hasSource: Bool
  private let hasIdentifiers: Bool
  private let columns: [NumberColumn]
  private let chunkRows: Int
  /// Rows gathered for the next chunk, one array for each of `columns`.
  private var gathered: [[Double]]
  private var gatheredSource: [Int64] = []
  private var gatheredIdentifiers: Identifiers?
  private var gatheredRows = 0
  /// Rows in the file; nil until the datasets exist.
  private var writtenRows: Int?
  /// Bytes of the longest identifier that fits the dataset.
  private var identifierWidth = 0

  /// A dataset of doubles: [n], or [n, width].
  private struct NumberColumn {
    let path: String
    let width: Int?
  }

  /// - Parameters:
  ///   - path: the file to be.
  ///   - variables: the variables that every block has; covariates and treatment must be among them.
  ///   - extras: further datasets of doubles: the path, and nil for the shape [n] or m for [n, m].
  ///   - force: whether an existing file is replaced.
  /// - Throws: ``Failure`` `cannotCreate` when the file exists or cannot be created.
  public init(
    path: String, header: ShardHeader, variables: Set<Variable>, extras: [String: Int?] = [:], force: Bool
  ) throws {
    precondition(variables.isSuperset(of: [.covariates, .treatment]))
    let names = DatasetNames()
    var columns = [NumberColumn(path: names.covariates, width: header.covariateNames.count)]
    for variable in [Variable.treatment, .outcome, .weight] where variables.contains(variable) {
      columns.append(NumberColumn(path: names[variable], width: nil))
    }
    columns += extras.sorted { $0.key < $1.key }.map { NumberColumn(path: $0.key, width: $0.value) }
    self.path = path
    self.header = header
    self.columns = columns
    self.hasSource = variables.contains(.source)
    self.hasIdentifiers = variables.contains(.identifier)
    self.chunkRows = HDF5File.chunkRows(columns: columns.map { $0.width ?? 1 }.max()!)
    self.gathered = columns.map { _ in [] }
    let target = try AtomicFile(path, force: force)
    self.file = try HDF5File.create(target.temporaryPath, named: path)
    self.target = consume target
  }

  /// Appends rows.
  ///
  /// - Precondition: the block has the variables that the writer was told of, in equal numbers.
  /// - Throws: ``Failure`` `inputOutput` when writing fails.
  public func append(_ block: ShardBlock) throws {
    var start = 0
    while start < block.rowCount {
      let end = min(block.rowCount, start + chunkRows - gatheredRows)
      gather(block, rows: start..<end)
      start = end
      if gatheredRows == chunkRows { try writeGathered() }
    }
  }

  /// Writes a dataset that is not one of rows, such as the true coefficients.
  public func write(constant values: [Double], shape: [Int], to name: String) throws {
    try file!.write(values, shape: shape, to: name)
  }

  /// Completes the file and gives it its name.
  ///
  /// - Returns: what a manifest says of it.
  /// - Throws: ``Failure`` `inputOutput` when writing fails, as on a full disk; `cannotCreate` when a file of that name
  ///   has appeared since.
  public func finish() throws -> Manifest.Shard {
    if gatheredRows > 0 || writtenRows == nil { try writeGathered() }
    let rowCount = writtenRows!
    guard let file = file.take(), let target = target.take() else { preconditionFailure("the shard is finished") }
    try header.write(to: file, rowCount: rowCount)
    try file.close()
    let digest = try SHA256Digest.ofFile(target.temporaryPath)
    try target.commit()
    return Manifest.Shard(
      file: String(path.split(separator: "/").last ?? ""), rows: rowCount, sha256: digest,
      institution: header.institution)
  }

  private func gather(_ block: ShardBlock, rows: Range<Int>) {
    for (index, column) in columns.enumerated() {
      let width = column.width ?? 1
      guard let values = block.numbers(column.path, names: DatasetNames()), values.count == block.rowCount * width
      else { preconditionFailure("the block lacks rows of '\(column.path)'") }
      gathered[index] += values[rows.lowerBound * width..<rows.upperBound * width]
    }
    if hasSource { gatheredSource += block.source![rows] }
    if hasIdentifiers {
      let identifiers = block.identifiers![rows]
      if gatheredIdentifiers == nil {
        gatheredIdentifiers = identifiers
      } else {
        gatheredIdentifiers!.append(identifiers)
      }
    }
    gatheredRows += rows.count
  }

  private func writeGathered() throws {
    if writtenRows == nil { try createDatasets() }
    for (index, column) in columns.enumerated() {
      try file!.dataset(column.path).append(gathered[index])
      gathered[index].removeAll(keepingCapacity: true)
    }
    if hasSource {
      try file!.dataset(DatasetNames().source).append(gatheredSource)
      gatheredSource.removeAll(keepingCapacity: true)
    }
    switch gatheredIdentifiers {
    case .integers(let integers): try file!.dataset(DatasetNames().identifier).append(integers)
    case .strings(let strings):
      try refuseZeroCharacters(strings)
      try append(strings)
    case nil: break
    }
    gatheredIdentifiers = nil
    writtenRows! += gatheredRows
    gatheredRows = 0
  }

  /// Creates the datasets when the first rows are known: a small shard gets small chunks.
  private func createDatasets() throws {
    let rows = max(1, gatheredRows)
    for column in columns {
      try file!.createDataset(
        column.path, of: Double.self, shape: [0] + (column.width.map { [$0] } ?? []), chunkRows: rows,
        isExtendible: true)
    }
    let names = DatasetNames()
    if hasSource {
      try file!.createDataset(names.source, of: Int64.self, shape: [0], chunkRows: rows, isExtendible: true)
    }
    switch gatheredIdentifiers {
    case .strings(let strings):
      identifierWidth = Self.width(for: strings)
      try file!.createStringDataset(
        names.identifier, width: identifierWidth, rowCount: 0, chunkRows: rows, isExtendible: true)
    default:
      if hasIdentifiers {
        try file!.createDataset(names.identifier, of: Int64.self, shape: [0], chunkRows: rows, isExtendible: true)
      }
    }
    writtenRows = 0
  }

  /// Appends identifiers; when one is too long for the dataset, the dataset is replaced by a wider one.
  private func append(_ strings: [String]) throws {
    let name = DatasetNames().identifier
    let width = Self.width(for: strings)
    if width > identifierWidth {
      identifierWidth = width
      try file!.widenStrings(of: name, to: width, chunkRows: chunkRows)
    }
    try file!.dataset(name).append(strings)
  }

  /// Strings of fixed length end at a zero, so an identifier that holds one would come back cut off.
  private func refuseZeroCharacters(_ strings: [String]) throws {
    if let string = strings.first(where: { $0.utf8.contains(0) }) {
      let visible = string.replacing("\0", with: "\\0")
      throw Failure(.data, "\(path): the identifier '\(visible)' holds a zero character; remove it")
    }
  }

  /// Bytes for the longest string, with some to spare.
  private static func width(for strings: [String]) -> Int {
    strings.reduce(1) { max($0, ($1.utf8.count + 7) / 8 * 8) }
  }
}
