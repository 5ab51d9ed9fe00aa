import Diagnostics
import FoundationEssentials
import Frames
import Storage

/// What a shard says about its rows.
///
/// It is stored twice on the root of the file: as ``HDF5File/setRecord(_:)``, which carries a checksum and is what we
/// read, and as plain attributes for readers in other languages.
public struct ShardHeader: Sendable, Equatable {
  /// What the columns of x stand for.
  public var covariates: [Covariate]
  /// The means of covariates of numbers over the rows of their import, for values that are missing in other tables.
  public var means: [String: Double] = [:]
  public var treatmentName = "t"
  public var outcomeName = "y"
  /// The true sources in the order of their codes 0, 1, …; nil when z holds integers of its own.
  public var sourceLevels: [String]?
  /// Whether identifiers are integers rather than strings.
  public var hasIntegerIdentifiers = false
  /// The columns besides x, t, y, z, weight and id; each has a dataset of its own.
  public var columns: [Column] = []
  /// Who holds the rows, when it is one institution.
  public var institution: String?
  /// The SHA-256 of the file that the rows were imported from.
  public var sourceDigest: String?
  /// JSON: how categorical columns became indicators.
  public var categories: String?
  /// JSON: what was done about missing values.
  public var missingValues: String?

  public init(covariates: [Covariate]) {
    self.covariates = covariates
  }

  /// A shard whose covariates are all numbers.
  public init(covariateNames: [String]) {
    self.init(covariates: covariateNames.map { Covariate($0) })
  }

  /// Whether the rows are variables of a causal graph, with no x, t and y.
  public var isTable: Bool { columns.contains { $0.role == .variable } }

  /// The names of the columns of x.
  public var covariateNames: [String] { covariates.flatMap(\.columnNames) }

  /// All columns of a shard that has datasets for `roles`, with their places.
  func stored(_ roles: Set<Role>) -> [StoredColumn] {
    let names = DatasetNames()
    var stored: [StoredColumn] = []
    if roles.contains(.covariate) {
      stored += covariateNames.enumerated().map {
        StoredColumn(column: Column($1, .covariate), dataset: names.covariates, index: $0)
      }
    }
    let single: [(Role, String, ColumnKind)] = [
      (.treatment, treatmentName, .real), (.outcome, outcomeName, .real), (.weight, names.weight, .real),
      (.source, names.source, sourceLevels.map { .categorical(levels: $0) } ?? .integer),
      (.identifier, names.identifier, hasIntegerIdentifiers ? .integer : .text),
    ]
    for (role, name, kind) in single where roles.contains(role) {
      stored.append(StoredColumn(column: Column(name, role, kind), dataset: names[role]))
    }
    return stored + StoredColumn.placed(columns)
  }

  /// The columns of a shard that has datasets for `roles`.
  func schema(_ roles: Set<Role>) throws -> Schema { try Schema(stored(roles).map(\.column)) }
}

// MARK: - The record in a file

/// What every record says of itself.
private struct RecordKind: Codable {
  let encodingType: String
  let encodingVersion: String
}

/// The record of a shard: the format, the number of rows, the columns and where they come from.
private struct ShardRecord: Codable {
  static let encodingType = "giv-shard"
  static let encodingVersion = "2.1.0"

  var encodingType = Self.encodingType
  var encodingVersion = Self.encodingVersion
  var rows: Int
  var columns: [StoredColumn]
  /// Absent before 2.1.
  var covariates: [Covariate]?
  var means: [String: Double]?
  var institution: String?
  var sourceDigest: String?
  var categories: String?
  var missingValues: String?
}

/// The record of format 1, which knew x, t, y, z, weight and id only.
private struct FirstShardRecord: Codable {
  struct Header: Codable {
    var covariateNames: [String]
    var treatmentName: String
    var outcomeName: String
    var institution: String?
    var sourceDigest: String?
    var categories: String?
    var missingValues: String?
  }

  var rows: Int
  var header: Header
}

/// What the record of a shard says.
package struct ReadShardHeader {
  package var header: ShardHeader
  package var rowCount: Int
  /// The columns besides those of fixed datasets.
  var columns: [StoredColumn] = []
}

extension ShardHeader {
  /// Writes record and attributes of a shard that has datasets for `roles`.
  func write(to file: borrowing HDF5File, rowCount: Int, roles: Set<Role>) throws {
    let stored = stored(roles)
    try file.setRecord(
      ShardRecord(
        rows: rowCount, columns: stored, covariates: roles.contains(.covariate) ? covariates : [], means: means,
        institution: institution,
        sourceDigest: sourceDigest, categories: categories, missingValues: missingValues))
    try file.setAttribute("encoding-type", .string(ShardRecord.encodingType))
    try file.setAttribute("encoding-version", .string(ShardRecord.encodingVersion))
    try file.setAttribute("rows", .integer(Int64(rowCount)))
    try file.setAttribute("covariates", .strings(covariateNames))
    if roles.contains(.treatment) { try file.setAttribute("treatment", .string(treatmentName)) }
    if roles.contains(.outcome) { try file.setAttribute("outcome", .string(outcomeName)) }
    for (name, text) in [
      ("institution", institution), ("source-digest", sourceDigest), ("categories", categories),
      ("missing-values", missingValues),
    ] {
      if let text { try file.setAttribute(name, .string(text)) }
    }
    for column in stored { try column.describe(in: file) }
  }

  /// Reads the header of a shard; nil when the file is none of ours.
  ///
  /// - Throws: ``Failure`` `data` when the record is damaged or of a later version.
  package static func read(from file: borrowing HDF5File) throws -> ReadShardHeader? {
    guard let kind = try file.record(as: RecordKind.self) else { return nil }
    guard kind.encodingType == ShardRecord.encodingType else {
      let name =
        ["giv-model": "the model file of a run", "giv-panel": "a panel, which 'giv-dist si' reads"][kind.encodingType]
        ?? "a \(kind.encodingType) file"
      throw Failure(.data, "\(file.path) is \(name), not a shard; leave it out, or name the shards one by one")
    }
    if kind.encodingVersion.hasPrefix("1."), let record = try file.record(as: FirstShardRecord.self) {
      return ReadShardHeader(header: ShardHeader(record.header), rowCount: record.rows)
    }
    guard kind.encodingVersion.hasPrefix("2."), let record = try file.record(as: ShardRecord.self) else {
      throw Failure(
        .data,
        "\(file.path) has shard format \(kind.encodingVersion), and this program reads 1.x and 2.x: update it")
    }
    let fixed = Set(DatasetNames.roles.compactMap { DatasetNames()[$0] })
    return ReadShardHeader(
      header: ShardHeader(record), rowCount: record.rows,
      columns: record.columns.filter { !fixed.contains($0.dataset ?? "") })
  }

  private init(_ record: ShardRecord) {
    let names = DatasetNames()
    func columns(of dataset: String) -> [Column] { record.columns.filter { $0.dataset == dataset }.map(\.column) }
    let columnNames = columns(of: names.covariates).map(\.name)
    let covariates = record.covariates.flatMap { $0.flatMap(\.columnNames) == columnNames ? $0 : nil }
    self.init(covariates: covariates ?? Covariate.recovered(columnNames, from: Categories(record.categories)))
    means = record.means ?? [:]
    treatmentName = columns(of: names.treatment).first?.name ?? treatmentName
    outcomeName = columns(of: names.outcome).first?.name ?? outcomeName
    sourceLevels = columns(of: names.source).first?.kind.levels
    hasIntegerIdentifiers = columns(of: names.identifier).first?.kind == .integer
    let fixed = DatasetNames.roles.compactMap { names[$0] }
    self.columns = record.columns.filter { !fixed.contains($0.dataset ?? "") }.map(\.column)
    institution = record.institution
    sourceDigest = record.sourceDigest
    categories = record.categories
    missingValues = record.missingValues
  }

  private init(_ header: FirstShardRecord.Header) {
    let categories = Categories(header.categories)
    self.init(covariates: Covariate.recovered(header.covariateNames, from: categories))
    sourceLevels = categories?.source
    treatmentName = header.treatmentName
    outcomeName = header.outcomeName
    institution = header.institution
    sourceDigest = header.sourceDigest
    self.categories = header.categories
    missingValues = header.missingValues
  }
}

// MARK: - Shards that do not say what their covariates are

private typealias Categories = ImportRecord.Categories

extension Categories {
  /// Those of a header, if it has any.
  fileprivate init?(_ json: String?) {
    guard let json, let read = try? JSONDecoder().decode(Self.self, from: Data(json.utf8)) else { return nil }
    self = read
  }
}

extension Covariate {
  /// The covariates of a shard that was written before shards had a list of them: the names of its columns, of which
  /// those in a row that are the indicators of a category are one covariate.
  fileprivate static func recovered(_ columnNames: [String], from categories: Categories?) -> [Covariate] {
    let categorical = categories?.covariates.map { Covariate($0.key, levels: $0.value) } ?? []
    var covariates: [Covariate] = []
    var rest = columnNames[...]
    while let name = rest.first {
      let covariate =
        categorical.first { !$0.columnNames.isEmpty && rest.starts(with: $0.columnNames) } ?? Covariate(name)
      covariates.append(covariate)
      rest = rest.dropFirst(covariate.columnNames.count)
    }
    return covariates
  }
}
