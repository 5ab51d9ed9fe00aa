import Diagnostics
import FoundationEssentials
import Frames
import Storage

/// The input of a problem: files whose rows, one after another, are its rows.
///
/// Only metadata are read here; ``Frame/load(_:rows:roles:allowingMissing:storage:)`` reads the rows of a rank.
public struct ShardCollection: Sendable {
  /// One file of the collection.
  public struct Shard: Sendable {
    public let path: String
    /// The global rows.
    public let rows: Range<Int>
    /// Who holds all rows of the file, when it says so.
    public let institution: String?
    /// The SHA-256 that the manifest of the folder states.
    public let statedDigest: String?
    let roles: Set<Role>
    /// The files other than its own in which values of it lie, as sources of virtual datasets.
    package let otherFiles: [String]
  }

  public let shards: [Shard]
  /// Where the roles that have a dataset of their own lie in every file.
  public let names: DatasetNames
  /// The columns that every shard has. Categories have the levels of all shards.
  public let schema: Schema
  /// What the covariates stand for, as numbers: those of x, then those that lie beside it.
  public let covariates: [Covariate]
  /// The means of covariates of numbers over the tables that the shards were made of, where all say the same.
  public let means: [String: Double]
  /// What a reader of a fit to these rows should know of them.
  public let findings: [Finding]
  let entries: [ShardSchema.Entry]
  /// How the rows of each shard's x become the columns of ``entries``.
  let conversions: [CovariateConversion?]

  public var rowCount: Int { shards.last!.rows.upperBound }
  /// The roles that some column of every shard has.
  public var roles: Set<Role> { schema.roles }
  /// The names of the columns of the covariates as numbers.
  public var covariateNames: [String] { covariates.flatMap(\.columnNames) }
  public var covariateCount: Int { covariateNames.count }
  /// What the files call treatment and outcome, or the names of their datasets.
  public let treatmentName: String
  public let outcomeName: String
  /// Whether identifiers are strings; false also when there are none.
  public var hasTextIdentifiers: Bool { schema.columns.contains { $0.role == .identifier && $0.kind == .text } }

  /// Opens files and folders.
  ///
  /// A folder stands for the shards of its manifest or, when it has none, for its `.h5` files in the order of names.
  /// - Parameters:
  ///   - names: where the roles with a dataset of their own lie. A role whose name is not the default is required.
  ///   - required: roles that every shard must have.
  ///   - covariates: those of a model, by whose levels the rows are coded; by default by those of all files.
  /// - Throws: ``Failure`` `noInput` when there is no such file; `data` when one is not HDF5 or is damaged, lacks a
  ///   required column, has a wrong shape or type, when one is given twice, shards disagree or do not have the
  ///   covariates of the model, or there is no row at all.
  public static func open(
    _ paths: [String], names: DatasetNames = DatasetNames(), required: Set<Role> = [.covariate, .treatment],
    as covariates: [Covariate]? = nil
  ) throws -> ShardCollection {
    let required = required.union(names.named)
    var given = GivenFiles()
    let files = try paths.flatMap { try Self.files(at: $0) }.map {
      if let repetition = given.repetition(of: $0.path) { throw Failure(.data, repetition) }
      return try ShardFile(path: $0.path, names: names, required: required, entry: $0.entry)
    }
    guard let first = files.first else { throw Failure(.usage, "no shards given; name files or folders") }
    if let disagreement = ShardSchema.disagreements(files, names: names).first { throw Failure(.data, disagreement) }
    if let covariates {
      for file in files { try file.requireCovariates(covariates) }
    }
    guard files.contains(where: { $0.rowCount > 0 }) else {
      throw Failure(
        .data,
        "\(first.path)\(files.count > 1 ? " and the other shards hold" : " holds") no rows; name shards that hold some")
    }
    let collection = try ShardCollection(files: files, names: names, required: required, as: covariates ?? [])
    try collection.require(required)
    return collection
  }

  private init(files: [ShardFile], names: DatasetNames, required: Set<Role>, as covariates: [Covariate]) throws {
    var start = 0
    self.shards = files.map { file in
      defer { start += file.rowCount }
      return Shard(
        path: file.path, rows: start..<start + file.rowCount, institution: file.header?.institution,
        statedDigest: file.entry?.sha256, roles: file.roles.union(file.columns.map(\.column.role)),
        otherFiles: file.otherFiles)
    }
    self.names = names
    let columns = ShardSchema(files, names: names, as: covariates)
    entries = columns.entries
    conversions = columns.conversions
    // Sources and identifiers are read wherever there are some. What is true of many files is said of the first.
    let roles = required.union([.source, .identifier])
    findings =
      Role.allCases.filter(roles.contains).flatMap { role in
        files.lazy.map { $0.findings.filter { $0.role == role }.map(\.finding) }.first { !$0.isEmpty } ?? []
      } + (covariates.isEmpty ? columns.levelFindings(files) : [])
    schema = try Schema(entries.map(\.column), covariates: columns.allCovariates(asNumbers: false))
    self.covariates = columns.allCovariates(asNumbers: true)
    let header = files.lazy.compactMap(\.header).first
    means = (header?.means ?? [:]).filter { mean in files.allSatisfy { $0.header?.means[mean.key] == mean.value } }
    treatmentName = header?.treatmentName ?? names.treatment
    outcomeName = header?.outcomeName ?? names.outcome
  }

  /// Refuses to go on without columns of some roles.
  ///
  /// - Throws: ``Failure`` `data` that names the role.
  public func require(_ required: Set<Role>) throws {
    for role in Role.allCases where required.contains(role) && !roles.contains(role) {
      guard let lacking = shards.first(where: { !$0.roles.contains(role) }) else {
        throw Failure(.data, "the shards have no \(role.rawValue) in common; write them with the same columns")
      }
      let having = shards.first { $0.roles.contains(role) }
      let what = names[role].map { "dataset '\($0)' (\(role.datasetWord))" } ?? "column that is \(role.rawValue)"
      let remedy = role.option.map { "name the one to use with \($0)" } ?? "give one this role with 'giv-dist shard'"
      throw Failure(
        .data, "\(lacking.path) has no \(what)" + (having.map { ", though \($0.path) has" } ?? "; \(remedy)"))
    }
  }

  package static func files(at path: String) throws -> [(path: String, entry: Manifest.Shard?)] {
    guard HDF5File.isFolder(path) else { return [(path, nil)] }
    let folder = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    if let manifest = try Manifest.read(fromFolder: folder) {
      return manifest.shards.map { ("\(folder)/\($0.file)", $0) }
    }
    guard ShardFolder.mark(in: folder) == nil else {
      throw Failure(
        .data, "\(folder) holds unfinished shards; the command that began them goes on with --resume")
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix(".") }.sorted()
    let shards = names.filter { $0.hasSuffix(".h5") }
    // Half of the rows could be those of files with another ending.
    if let other = names.first(where: { !$0.hasSuffix(".h5") && HDF5File.hasSignature("\(folder)/\($0)") }) {
      throw Failure(
        shards.isEmpty ? .noInput : .data,
        "\(folder) holds \(other), which is HDF5, and of a folder only .h5 files are read; name the files one by one, or "
          + "rename them to .h5")
    }
    guard !shards.isEmpty else {
      throw Failure(
        .noInput,
        "\(folder) holds neither \(Manifest.fileName) nor .h5 files; name a folder that 'giv-dist shard' wrote, or one of "
          + "HDF5 files")
    }
    return shards.map { ("\(folder)/\($0)", nil) }
  }
}
