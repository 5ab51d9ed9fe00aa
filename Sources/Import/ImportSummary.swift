import Diagnostics
import Frames
import Shards

/// What an import did.
public struct ImportSummary: Codable, Sendable, Equatable {
  /// The folder of the shards.
  public var folder: String
  public var rows: Int
  public var covariates: [String]
  /// The columns besides x, t, y, z, weight and id.
  public var columns: [Column]
  public var shards: [Manifest.Shard]
  public var record: ImportRecord
  /// What is doubtful about the inputs, or was done to them unasked.
  public var findings: [Finding]
}
