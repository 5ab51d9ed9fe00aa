import Diagnostics
import Storage

/// What a shard says about its rows.
///
/// It is stored twice on the root of the file: as ``HDF5File/setRecord(_:)``, which carries a checksum and is what we
/// read, and as plain attributes for readers in other languages.
public struct ShardHeader: Sendable, Equatable, Codable {
  /// The names of the columns of x.
  public var covariateNames: [String]
  public var treatmentName = "t"
  public var outcomeName = "y"
  /// Who holds the rows.
  public var institution: String?
  /// The SHA-256 of the file that the rows were imported from.
  public var sourceDigest: String?
  /// JSON: how categorical columns became indicators.
  public var categories: String?
  /// JSON: what was done about missing values.
  public var missingValues: String?

  public init(covariateNames: [String]) {
    self.covariateNames = covariateNames
  }
}

/// What every record says of itself.
private struct RecordKind: Codable {
  let encodingType: String
}

/// The record of a shard: its header, the format and the number of rows.
private struct ShardRecord: Codable {
  static let encodingType = "giv-shard"

  var encodingType = Self.encodingType
  var encodingVersion = "1.0.0"
  var rows: Int
  var header: ShardHeader
}

extension ShardHeader {
  func write(to file: borrowing HDF5File, rowCount: Int) throws {
    let record = ShardRecord(rows: rowCount, header: self)
    try file.setRecord(record)
    try file.setAttribute("encoding-type", .string(record.encodingType))
    try file.setAttribute("encoding-version", .string(record.encodingVersion))
    try file.setAttribute("rows", .integer(Int64(rowCount)))
    try file.setAttribute("covariates", .strings(covariateNames))
    try file.setAttribute("treatment", .string(treatmentName))
    try file.setAttribute("outcome", .string(outcomeName))
    for (name, text) in [
      ("institution", institution), ("source-digest", sourceDigest), ("categories", categories),
      ("missing-values", missingValues),
    ] {
      if let text { try file.setAttribute(name, .string(text)) }
    }
  }

  /// Reads the header of a shard; nil when the file is none of ours.
  ///
  /// - Throws: ``Failure`` `data` when the record is damaged or of a later version.
  package static func read(from file: borrowing HDF5File) throws -> (header: ShardHeader, rowCount: Int)? {
    guard let kind = try file.record(as: RecordKind.self)?.encodingType else { return nil }
    guard kind == ShardRecord.encodingType, let record = try file.record(as: ShardRecord.self) else {
      let name = kind == "giv-model" ? "the model file of a run" : "a \(kind) file"
      throw Failure(.data, "\(file.path) is \(name), not a shard; leave it out, or name the shards one by one")
    }
    guard record.encodingVersion.hasPrefix("1.") else {
      throw Failure(
        .data, "\(file.path) has shard format \(record.encodingVersion), and this program reads 1.x: update it")
    }
    return (record.header, record.rows)
  }
}
