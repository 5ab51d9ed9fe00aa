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
  /// The files other than this one in which values lie, as sources of virtual datasets.
  let otherFiles: [String]
  /// What a reader should know of the datasets, by role: those that were left out, and those of scaled values.
  let findings: [(role: Role, finding: Finding)]
  /// What the manifest of its folder says, when it was found through one.
  var entry: Manifest.Shard?

  /// Looks into a file.
  ///
  /// Datasets that are not required, in a file that others wrote, may mean something else than their default names say:
  /// what is no use for the role is left out.
  /// - Throws: ``Failure`` when the file cannot be opened, a required dataset is missing or of the wrong shape, type or
  ///   number of rows, or values of it were never written or lie in another file that cannot be read.
  init(path: String, names: DatasetNames, required: Set<Role>, entry: Manifest.Shard? = nil) throws {
    let file = try HDF5File.open(path)
    let record = try ShardHeader.read(from: file)
    var roles: Set<Role> = []
    var rowCount: Int?
    var covariateCount = 0
    var hasTextIdentifiers = false
    var otherFiles: [String] = []
    var findings: [(role: Role, finding: Finding)] = []
    for role in DatasetNames.roles {
      do {
        guard let name = names[role], try file.hasDataset(name) else {
          if required.contains(role) { throw try Self.missing(role, names[role] ?? role.rawValue, in: file) }
          continue
        }
        let dataset = try RoleDataset(role, name, in: file)
        if let rowCount, covariateCount == dataset.rowCount, rowCount != dataset.rowCount {
          throw RoleDataset.transposed(names.covariates, [rowCount, covariateCount], in: path)
        }
        try Self.requireRows(dataset.location, dataset.rowCount, &rowCount)
        if role == .covariate { covariateCount = dataset.columnCount }
        if role == .identifier { hasTextIdentifiers = dataset.isText }
        if let finding = dataset.finding(of: role, name) { findings.append((role, finding)) }
        otherFiles += dataset.otherFiles
        roles.insert(role)
      } catch let failure as Failure where record == nil && !required.contains(role) {
        let values: [Finding.Key: Finding.Value] = [
          .column: .name(names[role] ?? ""), .option: .name(role.option ?? ""), .reason: .name(failure.message),
        ]
        findings.append((role, .note(.datasetLeftOut, values)))
      }
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
    self.otherFiles = otherFiles
    self.findings = findings
    self.entry = entry
  }

  /// The names of the columns of x.
  var covariateNames: [String] { header?.covariateNames ?? Frame.defaultNames(covariateCount) }

  /// Refuses a file whose covariates are not those of a model, or have levels that it does not know.
  ///
  /// - Throws: ``Failure`` `data` that names both lists.
  func requireCovariates(_ model: [Covariate]) throws {
    let beside = columns.filter { $0.column.role == .covariate }
      .flatMap { ShardSchema.Entry([$0]).covariate ?? [Covariate($0.column.name)] }
    let own = (roles.contains(.covariate) ? header?.covariates ?? covariateNames.map { Covariate($0) } : []) + beside
    guard own.map(\.name) == model.map(\.name), zip(own, model).allSatisfy({ $0.isCounterpart(of: $1) }) else {
      func list(_ covariates: [Covariate]) -> String { covariates.map(\.words).joined(separator: ", ") }
      throw Failure(
        .data,
        "\(path) has covariates \(list(own)), the model was fitted to \(list(model)); write it with 'giv-dist shard "
          + "--like' the run, or train again where the model or the file does not know its levels")
    }
    for (covariate, known) in zip(own, model) {
      let new = (covariate.levels ?? []).filter { known.levels?.contains($0) == false }
      guard let first = new.first else { continue }
      throw Failure(
        .data,
        "\(path): covariate '\(covariate.name)' has the levels \(levelWords(covariate.levels!)), and the model was fitted "
          + "to \(levelWords(known.levels!)): it knows nothing of '\(first)'; leave such rows out, or train again with "
          + "rows of this level")
    }
  }

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
        + (role.option.map { "; name the one to use with \($0)" } ?? "")
        + (role == .outcome ? ", or write it with 'giv-dist shard --outcome'" : ""))
  }

  private static func requireRows(_ location: String, _ rows: Int, _ rowCount: inout Int?) throws {
    guard rowCount == nil || rowCount == rows else {
      throw Failure(
        .data, "\(location) has \(rows) rows, the datasets before it \(rowCount!); all must agree")
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
      try dataset.requireStored()
      try requireRows(dataset.location, try rows(of: dataset, holding: stored), &rowCount)
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
