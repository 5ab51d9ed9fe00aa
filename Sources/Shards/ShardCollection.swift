import Diagnostics
import FoundationEssentials
import Frames
import Storage

/// The input of a problem: files whose rows, one after another, are its rows.
///
/// Only metadata are read here; ``Frame/load(_:rows:variables:)`` reads the rows of a rank.
public struct ShardCollection: Sendable {
  /// One file of the collection.
  public struct Shard: Sendable {
    public let path: String
    /// The global rows.
    public let rows: Range<Int>
    public let institution: String?
    /// The SHA-256 that the manifest of the folder states.
    public let statedDigest: String?
    let variables: Set<Variable>
  }

  public let shards: [Shard]
  /// Where the variables lie in every file.
  public let names: DatasetNames
  /// The variables that every shard has.
  public let variables: Set<Variable>
  public let covariateNames: [String]
  public let treatmentName: String
  public let outcomeName: String
  /// Whether identifiers are strings; false also when there are none.
  public let hasTextIdentifiers: Bool

  public var rowCount: Int { shards.last!.rows.upperBound }
  public var covariateCount: Int { covariateNames.count }

  /// Opens files and folders.
  ///
  /// A folder stands for the shards of its manifest or, when it has none, for its `.h5` files in the order of names.
  /// - Parameters:
  ///   - names: where the variables lie. A variable whose name is not the default is required.
  ///   - required: variables that every shard must have.
  /// - Throws: ``Failure`` `noInput` when there is no such file; `data` when one is not HDF5 or is damaged, lacks a
  ///   required dataset, has a wrong shape or type, when one is given twice, shards disagree, or there is no row at all.
  public static func open(
    _ paths: [String], names: DatasetNames = DatasetNames(), required: Set<Variable> = [.covariates, .treatment]
  ) throws -> ShardCollection {
    let required = required.union(names.named)
    var given = GivenFiles()
    let files = try paths.flatMap { try Self.files(at: $0) }.map {
      if let repetition = given.repetition(of: $0.path) { throw Failure(.data, repetition) }
      return try ShardFile(path: $0.path, names: names, required: required, entry: $0.entry)
    }
    guard let first = files.first else { throw Failure(.usage, "no shards given; name files or folders") }
    for file in files.dropFirst() {
      if let disagreement = disagreement(first, file) { throw Failure(.data, disagreement) }
    }
    guard files.contains(where: { $0.rowCount > 0 }) else {
      throw Failure(.data, "\(first.path)\(files.count > 1 ? " and the other shards hold" : " holds") no rows")
    }
    return ShardCollection(files: files, names: names)
  }

  private init(files: [ShardFile], names: DatasetNames) {
    var start = 0
    self.shards = files.map { file in
      defer { start += file.rowCount }
      return Shard(
        path: file.path, rows: start..<start + file.rowCount, institution: file.header?.institution,
        statedDigest: file.entry?.sha256, variables: file.variables)
    }
    self.names = names
    self.variables = files.dropFirst().reduce(files[0].variables) { $0.intersection($1.variables) }
    let header = files.lazy.compactMap(\.header).first
    self.covariateNames = header?.covariateNames ?? Frame.defaultNames(files[0].covariateCount)
    self.treatmentName = header?.treatmentName ?? names.treatment
    self.outcomeName = header?.outcomeName ?? names.outcome
    self.hasTextIdentifiers = files[0].hasTextIdentifiers
  }

  /// Refuses to go on without variables.
  ///
  /// - Throws: ``Failure`` `data` that names the variable.
  public func require(_ required: Set<Variable>) throws {
    for variable in Variable.allCases where required.contains(variable) {
      guard let lacking = shards.first(where: { !$0.variables.contains(variable) }) else { continue }
      let having = shards.first { $0.variables.contains(variable) }
      throw Failure(
        .data,
        "\(lacking.path) has no dataset '\(names[variable])' (\(variable.rawValue))"
          + (having.map { ", though \($0.path) has" } ?? "; name the one to use with \(variable.option)"))
    }
  }

  static func files(at path: String) throws -> [(path: String, entry: Manifest.Shard?)] {
    guard HDF5File.isFolder(path) else { return [(path, nil)] }
    let folder = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    if let manifest = try Manifest.read(fromFolder: folder) {
      return manifest.shards.map { ("\(folder)/\($0.file)", $0) }
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".h5") && !$0.hasPrefix(".") }.sorted()
    guard !names.isEmpty else { throw Failure(.noInput, "\(folder) holds neither \(Manifest.fileName) nor .h5 files") }
    return names.map { ("\(folder)/\($0)", nil) }
  }

  /// In what two files disagree that shards of one problem share; nil when they agree.
  static func disagreement(_ first: ShardFile, _ other: ShardFile) -> String? {
    difference(first, other).map {
      "\(first.path) and \(other.path) disagree on \($0); shards of one problem must agree"
    }
  }

  private static func difference(_ first: ShardFile, _ other: ShardFile) -> String? {
    if first.covariateCount != other.covariateCount {
      return "the number of covariates (\(first.covariateCount) and \(other.covariateCount))"
    }
    if let one = first.header, let two = other.header {
      if let index = one.covariateNames.indices.first(where: { one.covariateNames[$0] != two.covariateNames[$0] }) {
        return "covariate \(index) ('\(one.covariateNames[index])' and '\(two.covariateNames[index])')"
      }
      if one.treatmentName != two.treatmentName {
        return "the treatment ('\(one.treatmentName)' and '\(two.treatmentName)')"
      }
      if one.outcomeName != two.outcomeName {
        return "the outcome ('\(one.outcomeName)' and '\(two.outcomeName)')"
      }
    }
    return first.hasTextIdentifiers == other.hasTextIdentifiers
      ? nil : "whether identifiers are strings or integers"
  }
}
