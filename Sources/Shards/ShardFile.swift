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
  let variables: Set<Variable>
  let hasTextIdentifiers: Bool
  /// What the manifest of its folder says, when it was found through one.
  var entry: Manifest.Shard?

  /// Looks into a file.
  ///
  /// - Throws: ``Failure`` when the file cannot be opened, a required dataset is missing, or one has the wrong shape,
  ///   type or number of rows.
  init(path: String, names: DatasetNames, required: Set<Variable>, entry: Manifest.Shard? = nil) throws {
    let file = try HDF5File.open(path)
    let attributes = try ShardHeader.read(from: file)
    var variables: Set<Variable> = []
    var rowCount: Int?
    var covariateCount = 0
    var hasTextIdentifiers = false
    for variable in Variable.allCases {
      let name = names[variable]
      guard try file.hasDataset(name) else {
        if required.contains(variable) { throw try Self.missing(variable, name, in: file) }
        continue
      }
      let dataset = try file.dataset(name)
      try Self.requireReadable(dataset, for: variable)
      let shape = try Self.shape(of: dataset, for: variable)
      if variable == .covariates { covariateCount = shape.columns }
      if variable == .identifier { hasTextIdentifiers = try dataset.elementKind() == .string }
      guard rowCount == nil || rowCount == shape.rows else {
        throw Failure(
          .data, "\(dataset.location) has \(shape.rows) rows, the datasets before it \(rowCount!); all must agree")
      }
      rowCount = shape.rows
      variables.insert(variable)
    }
    guard let rowCount else { throw try Self.missing(.covariates, names.covariates, in: file) }
    if let attributes {
      try Self.require(attributes, rowCount: rowCount, covariateCount: covariateCount, of: file, variables)
    }
    if let entry, entry.rows != rowCount {
      throw Failure(
        .data,
        "\(path) has \(rowCount) rows, and \(Manifest.fileName) beside it says \(entry.rows); write the shards again")
    }
    self.path = path
    self.rowCount = rowCount
    self.covariateCount = covariateCount
    self.header = attributes?.header
    self.variables = variables
    self.hasTextIdentifiers = hasTextIdentifiers
    self.entry = entry
  }

  private static func missing(_ variable: Variable, _ name: String, in file: borrowing HDF5File) throws -> Failure {
    let isPosteriors = try file.hasDataset("posterior") && file.hasDataset("label")
    guard !isPosteriors else {
      return Failure(
        .data,
        "\(file.path) is the posteriors file of a run, not a shard; leave it out, or name the shards one by one")
    }
    return Failure(
      .data,
      "\(file.path) has no dataset '\(name)' (\(variable.rawValue)); it holds: \(file.datasetList()); "
        + "name the one to use with \(variable.option)")
  }

  private static func requireReadable(_ dataset: borrowing HDF5Dataset, for variable: Variable) throws {
    let kind = try dataset.elementKind()
    let isReadable =
      switch variable {
      case .identifier: kind == .integer || kind == .string
      default: kind == .float || kind == .integer
      }
    guard isReadable else {
      throw Failure(
        .data,
        "\(dataset.location) holds \(kind.description); \(variable.rawValue) must be "
          + (variable == .identifier ? "integers or strings" : "numbers: write them as float64 or int64"))
    }
    try dataset.requireSources()
  }

  /// The rows and columns of a dataset: [n, m] or [n] for covariates, [n] or [n, 1] for the others.
  private static func shape(
    of dataset: borrowing HDF5Dataset, for variable: Variable
  ) throws -> (rows: Int, columns: Int) {
    let shape = try dataset.shape()
    let columns = shape.count > 1 ? shape[1] : 1
    guard (1...2).contains(shape.count), columns >= 1, variable == .covariates || columns == 1 else {
      let wanted = variable == .covariates ? "[rows, covariates]" : "[rows]"
      throw Failure(.data, "\(dataset.location) has the shape \(shape); \(variable.rawValue) must be \(wanted)")
    }
    return (shape[0], columns)
  }

  private static func require(
    _ attributes: (header: ShardHeader, rowCount: Int), rowCount: Int, covariateCount: Int,
    of file: borrowing HDF5File, _ variables: Set<Variable>
  ) throws {
    let names = attributes.header.covariateNames
    if variables.contains(.covariates) && names.count != covariateCount {
      throw Failure(.data, "\(file.path) names \(names.count) covariates and holds \(covariateCount); write it again")
    }
    if attributes.rowCount != rowCount {
      throw Failure(.data, "\(file.path) should have \(attributes.rowCount) rows and has \(rowCount); write it again")
    }
  }
}

extension Variable {
  /// The option that names the dataset.
  var option: String {
    switch self {
    case .covariates: "--x"
    case .treatment: "--t"
    case .outcome: "--y"
    case .source: "--z"
    case .weight: "--weight"
    case .identifier: "--id"
    }
  }
}
