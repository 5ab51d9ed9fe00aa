import Diagnostics
import Frames
import Storage

/// What one input file holds, read from its metadata only.
struct ShardFile: Sendable {
  let path: String
  let rowCount: Int
  let covariateCount: Int
  /// Nil for a file without our attributes.
  let header: ShardHeader?
  /// The roles whose dataset the file has under the given name.
  let roles: Set<Role>
  /// The columns besides those, such as the institution, each with a dataset of its own or the same in all rows.
  let columns: [StoredColumn]
  let hasTextIdentifiers: Bool
  /// What the manifest of its folder says, when it was found through one.
  var entry: Manifest.Shard?

  /// Looks into a file.
  ///
  /// - Throws: ``Failure`` when the file cannot be opened, a required dataset is missing, or one has the wrong shape,
  ///   type or number of rows.
  init(path: String, names: DatasetNames, required: Set<Role>, entry: Manifest.Shard? = nil) throws {
    let file = try HDF5File.open(path)
    let record = try ShardHeader.read(from: file)
    var roles: Set<Role> = []
    var rowCount: Int?
    var covariateCount = 0
    var hasTextIdentifiers = false
    for role in DatasetNames.roles {
      guard let name = names[role], try file.hasDataset(name) else {
        if required.contains(role) { throw try Self.missing(role, names[role] ?? role.rawValue, in: file) }
        continue
      }
      let dataset = try file.dataset(name)
      try Self.requireReadable(dataset, for: role)
      let shape = try Self.shape(of: dataset, for: role)
      if role == .covariate { covariateCount = shape.columns }
      if role == .identifier { hasTextIdentifiers = try dataset.elementKind() == .string }
      try Self.requireRows(dataset, shape.rows, &rowCount)
      roles.insert(role)
    }
    let columns = try Self.columns(of: record, in: file, &rowCount)
    guard let rowCount else { throw try Self.missing(.covariate, names.covariates, in: file) }
    if let record { try Self.require(record, rowCount: rowCount, covariateCount: covariateCount, of: file, roles) }
    if let entry, entry.rows != rowCount {
      throw Failure(
        .data,
        "\(path) has \(rowCount) rows, and \(Manifest.fileName) beside it says \(entry.rows); write the shards again")
    }
    self.path = path
    self.rowCount = rowCount
    self.covariateCount = covariateCount
    self.header = record?.header
    self.roles = roles
    self.columns = columns
    self.hasTextIdentifiers = hasTextIdentifiers
    self.entry = entry
  }

  /// The names of the columns of x.
  var covariateNames: [String] { header?.covariateNames ?? Frame.defaultNames(covariateCount) }

  private static func missing(_ role: Role, _ name: String, in file: borrowing HDF5File) throws -> Failure {
    let isPosteriors = try file.hasDataset("posterior") && file.hasDataset("label")
    guard !isPosteriors else {
      return Failure(
        .data,
        "\(file.path) is the posteriors file of a run, not a shard; leave it out, or name the shards one by one")
    }
    return Failure(
      .data,
      "\(file.path) has no dataset '\(name)' (\(role.datasetWord)); it holds: \(file.datasetList())"
        + (role.option.map { "; name the one to use with \($0)" } ?? ""))
  }

  private static func requireReadable(_ dataset: borrowing HDF5Dataset, for role: Role) throws {
    let kind = try dataset.elementKind()
    let isReadable =
      switch role {
      case .identifier: kind == .integer || kind == .string
      default: kind == .float || kind == .integer
      }
    guard isReadable else {
      throw Failure(
        .data,
        "\(dataset.location) holds \(kind.description); \(role.datasetWord) must be "
          + (role == .identifier ? "integers or strings" : "numbers: write them as float64 or int64"))
    }
    try dataset.requireStored()
  }

  /// The rows and columns of a dataset: [n, m] or [n] for covariates, [n] or [n, 1] for the others.
  private static func shape(
    of dataset: borrowing HDF5Dataset, for role: Role
  ) throws -> (rows: Int, columns: Int) {
    let shape = try dataset.shape()
    let columns = shape.count > 1 ? shape[1] : 1
    guard (1...2).contains(shape.count), columns >= 1, role == .covariate || columns == 1 else {
      let wanted = role == .covariate ? "[rows, covariates]" : "[rows]"
      throw Failure(.data, "\(dataset.location) has the shape \(shape); \(role.datasetWord) must be \(wanted)")
    }
    return (shape[0], columns)
  }

  private static func requireRows(_ dataset: borrowing HDF5Dataset, _ rows: Int, _ rowCount: inout Int?) throws {
    guard rowCount == nil || rowCount == rows else {
      throw Failure(
        .data, "\(dataset.location) has \(rows) rows, the datasets before it \(rowCount!); all must agree")
    }
    rowCount = rows
  }

  /// The columns besides those of fixed datasets. The institution of a file that has it as an attribute only is one.
  private static func columns(
    of record: ReadShardHeader?, in file: borrowing HDF5File, _ rowCount: inout Int?
  ) throws -> [StoredColumn] {
    guard let record else { return [] }
    for stored in record.columns {
      guard let name = stored.dataset, stored.index == nil else { continue }
      let dataset = try file.dataset(name)
      try requireRows(dataset, try rows(of: dataset, holding: stored), &rowCount)
    }
    guard let institution = record.header.institution,
      !record.columns.contains(where: { $0.column.role == .institution })
    else { return record.columns }
    let column = Column("institution", .institution, .categorical(levels: [institution]))
    return record.columns + [StoredColumn(column: column)]
  }

  /// The rows of a dataset that must hold a column.
  private static func rows(of dataset: borrowing HDF5Dataset, holding stored: StoredColumn) throws -> Int {
    let kind = try dataset.elementKind()
    let shape = try dataset.shape()
    let width = stored.width.map { [$0] } ?? []
    guard let rows = shape.first, Array(shape.dropFirst()) == width, stored.elementKinds.contains(kind) else {
      throw Failure(
        .data,
        "\(dataset.location) holds \(kind.description) of the shape \(shape), which is no \(stored.column.kind.word) "
          + "column; write the file again")
    }
    return rows
  }

  private static func require(
    _ record: ReadShardHeader, rowCount: Int, covariateCount: Int, of file: borrowing HDF5File, _ roles: Set<Role>
  ) throws {
    let names = record.header.covariateNames
    if roles.contains(.covariate) && names.count != covariateCount {
      throw Failure(.data, "\(file.path) names \(names.count) covariates and holds \(covariateCount); write it again")
    }
    if record.rowCount != rowCount {
      throw Failure(.data, "\(file.path) should have \(record.rowCount) rows and has \(rowCount); write it again")
    }
  }
}
