import Diagnostics
import Frames
import Storage

/// Writes one shard, row block by row block, of a length that need not be known before.
///
/// ```swift
/// var header = ShardHeader(covariateNames: ["age"])
/// header.columns = [Column("hospital", .institution, .categorical(levels: ["North", "South"]))]
/// let writer = try ShardWriter(path: "a.h5", header: header, roles: [.covariate, .treatment], force: false)
/// try writer.append(ShardBlock(covariates: x, treatment: t, columns: [.codes(hospitals)]))
/// let entry = try writer.finish()
/// ```
/// The file appears under its name at ``finish()`` only; a writer that is dropped before leaves nothing. Rows are
/// gathered to whole chunks before they are written, so the bytes of the file depend on the rows, not on the blocks in
/// which they came.
public final class ShardWriter {
  private var header: ShardHeader
  private let roles: Set<Role>
  private let path: String
  private var target: AtomicFile?
  private var file: HDF5File?
  private let chunkRows: Int
  private var datasets: [ShardDataset]
  private var gatheredRows = 0
  /// Rows in the file; nil until the datasets exist.
  private var writtenRows: Int?

  /// A dataset, and which part of a block it takes.
  private struct ShardDataset {
    enum Part {
      case role(Role)
      /// A column of ``ShardHeader/columns``, by its place.
      case column(Int)
      case extra
    }

    let part: Part
    let kind: ColumnKind
    var dataset: GrowingDataset

    init(_ part: Part, _ kind: ColumnKind, path: String, width: Int? = nil) {
      self.part = part
      self.kind = kind
      dataset = GrowingDataset(path: path, width: width)
    }

    func values(of block: ShardBlock) -> ColumnValues? {
      switch part {
      case .role(let role): block.values(role)
      case .column(let index): index < block.columns.count ? block.columns[index] : nil
      case .extra: block.extras[dataset.path].map { .reals($0) }
      }
    }
  }

  /// - Parameters:
  ///   - path: the file to be.
  ///   - header: what the file says of its rows; its ``ShardHeader/columns`` are written, too.
  ///   - roles: those of x, t, y, z, weight and id that every block has.
  ///   - extras: further datasets of doubles: the path, and nil for the shape [n] or m for [n, m].
  ///   - force: whether an existing file is replaced.
  /// - Throws: ``Failure`` `cannotCreate` when the file exists or cannot be created; `data` when the columns make no
  ///   ``Schema``.
  public init(
    path: String, header: ShardHeader, roles: Set<Role>, extras: [String: Int?] = [:], force: Bool
  ) throws {
    precondition(roles.isSubset(of: DatasetNames.roles) && !(roles.isEmpty && header.columns.isEmpty))
    _ = try header.schema(roles)
    let names = DatasetNames()
    datasets = [Role.covariate, .treatment, .outcome, .weight, .source, .identifier].filter(roles.contains).map {
      role in
      let kind: ColumnKind = role == .source ? .integer : role == .identifier ? .text : .real
      return ShardDataset(
        .role(role), kind, path: names[role]!, width: role == .covariate ? header.covariateNames.count : nil)
    }
    datasets += StoredColumn.placed(header.columns).enumerated().map { index, stored in
      ShardDataset(.column(index), stored.column.kind, path: stored.dataset!, width: stored.width)
    }
    datasets += extras.sorted { $0.key < $1.key }.map { ShardDataset(.extra, .real, path: $0.key, width: $0.value) }
    self.path = path
    self.header = header
    self.roles = roles
    self.chunkRows = HDF5File.chunkRows(columns: datasets.map { $0.dataset.width ?? 1 }.max()!)
    let target = try AtomicFile(path, force: force)
    self.file = try HDF5File.create(target.temporaryPath, named: path)
    self.target = consume target
  }

  /// Appends rows.
  ///
  /// - Precondition: the block has the roles that the writer was told of and the columns of its header, in equal numbers.
  /// - Throws: ``Failure`` `inputOutput` when writing fails.
  public func append(_ block: ShardBlock) throws {
    let rowCount = (datasets[0].values(of: block)?.count ?? 0) / (datasets[0].dataset.width ?? 1)
    var start = 0
    while start < rowCount {
      let end = min(rowCount, start + chunkRows - gatheredRows)
      gather(block, of: rowCount, rows: start..<end)
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
    try header.write(to: file, rowCount: rowCount, roles: roles)
    try file.close()
    let digest = try SHA256Digest.ofFile(target.temporaryPath)
    try target.commit()
    return Manifest.Shard(
      file: String(path.split(separator: "/").last ?? ""), rows: rowCount, sha256: digest,
      institution: header.institution)
  }

  private func gather(_ block: ShardBlock, of rowCount: Int, rows: Range<Int>) {
    for index in datasets.indices {
      let width = datasets[index].dataset.width ?? 1
      guard let values = datasets[index].values(of: block), values.count == rowCount * width else {
        preconditionFailure("the block lacks rows of '\(datasets[index].dataset.path)'")
      }
      datasets[index].dataset.gather(values, rows: rows)
    }
    if case .integers? = block.identifiers { header.hasIntegerIdentifiers = true }
    gatheredRows += rows.count
  }

  private func writeGathered() throws {
    for index in datasets.indices {
      // Created when the first rows are known: a small shard gets small chunks.
      if writtenRows == nil {
        try datasets[index].dataset.create(in: file!, chunkRows: max(1, gatheredRows), datasets[index].kind)
      }
      try datasets[index].dataset.flush(to: file!, chunkRows: chunkRows)
    }
    writtenRows = (writtenRows ?? 0) + gatheredRows
    gatheredRows = 0
  }
}
