/// Where the parts of a panel lie in an HDF5 file: the paths of the datasets.
public struct PanelDatasetNames: Sendable, Codable, Equatable {
  public var outcome = "y"
  public var arm = "arm"
  public var start = "start"
  public var identifier = "id"
  /// The labels of the periods, for a file that has no attribute `periods`.
  public var time = "time"

  public init() {}
}
