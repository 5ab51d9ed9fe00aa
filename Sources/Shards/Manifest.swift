import Diagnostics
import FoundationEssentials
import Frames
import Storage

/// The table of contents of a folder of shards, `manifest.json`; written last, so a folder that has one is complete.
public struct Manifest: Codable, Sendable, Equatable {
  /// One shard.
  public struct Shard: Codable, Sendable, Equatable {
    /// The name of the file in the folder.
    public var file: String
    public var rows: Int
    /// The SHA-256 of the file.
    public var sha256: String
    public var institution: String?

    public init(file: String, rows: Int, sha256: String, institution: String?) {
      self.file = file
      self.rows = rows
      self.sha256 = sha256
      self.institution = institution
    }
  }

  public var encodingType = "giv-manifest"
  public var encodingVersion = "2.0.0"
  /// The rows of all shards.
  public var rows: Int
  public var covariates: [String]
  /// Nil of panels and of tables of variables.
  public var treatment: String?
  /// Nil when the rows have none.
  public var outcome: String?
  /// The columns besides covariates, treatment, outcome, source, weight and identifier; those of format 1 had none.
  public var columns: [Column]?
  /// The shards in the order of their rows.
  public var shards: [Shard]
  /// Where the rows came from, when the shards were made from tables.
  public var imported: ImportRecord?

  public static let fileName = "manifest.json"

  public init(header: ShardHeader, shards: [Shard]) {
    self.rows = shards.reduce(0) { $0 + $1.rows }
    self.covariates = header.covariateNames
    treatment = header.isTable ? nil : header.treatmentName
    outcome = header.isTable ? nil : header.outcomeName
    self.columns = header.columns
    self.shards = shards
  }

  /// The files of a panel, whose rows are units or periods.
  public init(panel shards: [Shard]) {
    rows = shards.reduce(0) { $0 + $1.rows }
    covariates = []
    self.shards = shards
  }

  /// Writes the manifest of a folder.
  ///
  /// - Throws: ``Failure`` `cannotCreate` when there is one and `force` is false; `inputOutput` when writing fails.
  public func write(toFolder folder: String, force: Bool) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let bytes = try Array(encoder.encode(self)) + Array("\n".utf8)
    try AtomicFile.save(bytes, to: "\(folder)/\(Self.fileName)", force: force)
  }

  /// Reads the manifest of a folder; nil when there is none.
  ///
  /// - Throws: ``Failure`` `data` when it is not a manifest.
  public static func read(fromFolder folder: String) throws -> Manifest? {
    let path = "\(folder)/\(fileName)"
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    do {
      let manifest = try JSONDecoder().decode(Manifest.self, from: Data(contentsOf: URL(filePath: path)))
      guard manifest.encodingType == "giv-manifest", ["1.", "2."].contains(manifest.encodingVersion.prefix(2)) else {
        throw Failure(
          .data, "\(path) has format \(manifest.encodingType) \(manifest.encodingVersion), not giv-manifest 1.x or 2.x")
      }
      return manifest
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(.data, "\(path) is not a manifest of shards; write it again, or name the shards one by one")
    }
  }
}
