import Shards

/// What an import did.
public struct ImportSummary: Codable, Sendable, Equatable {
  /// The folder of the shards.
  public var folder: String
  public var rows: Int
  public var covariates: [String]
  public var shards: [Manifest.Shard]
  public var record: ImportRecord
}
