import Diagnostics
import Frames
import Storage

/// What files hold, whether they are whole, and whether they agree.
///
/// Nothing that is wrong with a file ends the inspection: it is listed.
public struct ShardInspection: Sendable, Codable, Equatable {
  /// One file.
  public struct File: Sendable, Codable, Equatable {
    public var path: String
    public var rows = 0
    /// The roles that columns of the file have, in words.
    public var variables: [String] = []
    /// The columns, those of x first.
    public var columns: [ColumnInspection] = []
    public var institution: String?
    /// The SHA-256 of the file that the rows were imported from.
    public var sourceDigest: String?
    /// JSON: how categorical columns became indicators.
    public var categories: String?
    /// JSON: what was done about missing values.
    public var missingValues: String?
    /// The SHA-256 of the file; nil when it cannot be read.
    public var sha256: String?
    /// Whether the manifest of the folder states the same digest; nil without a manifest.
    public var matchesManifest: Bool?
    /// Whether there is no such file, or it may not be read.
    public var isMissing = false
    /// What is wrong with the file.
    public var problems: [String] = []
    /// What to know of its datasets: which were left out, scaled, or hold values that mean missing.
    public var findings: [Finding] = []
  }

  public var files: [File]
  /// The rows of all files.
  public var rows: Int
  /// How the first file and others differ.
  public var disagreements: [String] = []
  /// What a reader of a fit to the files should know of them.
  public var findings: [Finding] = []
  /// Who holds the rows, in the order of names.
  public var institutions: [String]

  /// Whether every file is whole, without missing values, and agrees with the others.
  public var isSound: Bool { disagreements.isEmpty && files.allSatisfy(\.problems.isEmpty) && rows > 0 }

  /// The exit code of what is wrong: `noInput` when a file is missing, else `data`; nil when all is sound.
  public var exitCode: ExitCode? { files.contains(where: \.isMissing) ? .noInput : isSound ? nil : .data }

  /// The first of all that is wrong; nil when all is sound.
  public var firstProblem: String? {
    if isSound { return nil }
    return files.lazy.compactMap(\.problems.first).first ?? disagreements.first ?? "there are no rows"
  }

  /// Reads all files, in memory that does not grow with them.
  ///
  /// - Parameter paths: files and folders, as for ``ShardCollection/open(_:names:required:as:)``.
  public init(_ paths: [String], names: DatasetNames = DatasetNames()) {
    var files: [File] = []
    var readable: [ShardFile] = []
    var given = GivenFiles()
    for path in paths {
      do {
        for (path, entry) in try ShardCollection.files(at: path) {
          var file = File(path: path)
          if let repetition = given.repetition(of: path) { file.problems.append(repetition) }
          if let shard = file.read(names: names, entry: entry) { readable.append(shard) }
          files.append(file)
        }
      } catch {
        var file = File(path: path)
        file.note(error)
        files.append(file)
      }
    }
    self.files = files
    self.rows = files.reduce(0) { $0 + $1.rows }
    self.institutions = sortedByCodePoints(
      Set(
        files.flatMap { file in
          file.columns.first { $0.role == .institution }?.levels ?? file.institution.map { [$0] } ?? []
        }))
    disagreements = ShardSchema.disagreements(readable, names: names)
    if disagreements.isEmpty && !readable.isEmpty {
      findings = ShardSchema(readable, names: names).levelFindings(readable)
    }
  }
}

extension ShardInspection.File {
  /// Fills in what the file holds; returns its description when its metadata can be read.
  fileprivate mutating func read(names: DatasetNames, entry: Manifest.Shard?) -> ShardFile? {
    do {
      sha256 = try SHA256Digest.ofFile(path)
      matchesManifest = entry.map { $0.sha256 == sha256 }
      if matchesManifest == false {
        problems.append(
          "\(path) is not the file that \(Manifest.fileName) describes: its SHA-256 differs; write it again")
      }
      let isTable = try ShardHeader.read(from: HDF5File.open(path))?.header.isTable ?? false
      let required = names.named.union(isTable ? [] : [.covariate, .treatment])
      let shard = try ShardFile(path: path, names: names, required: required, entry: entry)
      rows = shard.rowCount
      variables = DatasetNames.roles.filter(shard.roles.contains).map(\.datasetWord)
      for column in shard.columns.map(\.column) where !variables.contains(column.role.rawValue) {
        variables.append(column.role.rawValue)
      }
      institution = shard.header?.institution
      sourceDigest = shard.header?.sourceDigest
      categories = shard.header?.categories
      missingValues = shard.header?.missingValues
      findings = shard.findings.map(\.finding)
      try inspectColumns(of: shard, names: names)
      return shard
    } catch {
      note(error)
      return nil
    }
  }

  fileprivate mutating func note(_ error: any Error) {
    isMissing = (error as? Failure)?.exitCode == .noInput
    problems.append("\(error)")
  }

  private mutating func inspectColumns(of shard: ShardFile, names: DatasetNames) throws {
    let file = try HDF5File.open(path)
    for (dataset, stored) in shard.columnsByDataset(names) {
      guard let dataset else {
        columns += stored.map(ColumnInspection.init)
        continue
      }
      let opened = try file.dataset(dataset)
      let coding = try opened.valueCoding(in: file)
      let found = try ColumnInspection.columns(of: opened, stored, rowCount: shard.rowCount, coding)
      columns += found.columns
      findings += found.findings
    }
    problems += columns.flatMap { $0.problems.map { "\(path): \($0)" } }
  }
}

extension ShardFile {
  /// All columns by the dataset that holds them; nil for those that are the same in all rows.
  fileprivate func columnsByDataset(_ names: DatasetNames) -> [(dataset: String?, columns: [Column])] {
    let header = header
    let fixed: [(Role, [Column])] = [
      (.covariate, covariateNames.map { Column($0, .covariate) }),
      (.treatment, [Column(header?.treatmentName ?? names.treatment, .treatment)]),
      (.outcome, [Column(header?.outcomeName ?? names.outcome, .outcome)]),
      (.weight, [Column(names.weight, .weight)]), (.source, [sourceColumn(names)]),
      (.identifier, [Column(names.identifier, .identifier, hasTextIdentifiers ? .text : .integer)]),
    ]
    return fixed.filter { roles.contains($0.0) }.map { (names[$0.0], $0.1) }
      + columns.map { ($0.dataset, [$0.column]) }
  }
}
