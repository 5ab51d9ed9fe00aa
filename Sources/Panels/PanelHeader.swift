import Diagnostics
import Frames
import Shards
import Storage

/// What a file of a panel says beside its outcomes.
///
/// It is stored as ``HDF5File/setRecord(_:)``, which carries a checksum and is what we read, and as plain attributes for
/// readers in other languages; arms, starts and names of units lie in datasets.
public struct PanelHeader: Sendable, Equatable {
  public var layout: Panel.Layout
  /// The names of the arms; the first is the one that all units are under at first.
  public var arms: [String]
  /// The labels of the periods of the file, in the order of time.
  public var periods: Identifiers
  /// The names of the outcomes.
  public var metrics: [String]
  /// The names of the units of the file.
  public var units: Identifiers
  /// The place among ``arms`` of the arm of each unit.
  public var unitArms: [Int]
  /// The place among all periods of the first one of each unit under its arm; nil for never, or where nothing is said.
  public var starts: [Int?]?

  public init(
    layout: Panel.Layout, arms: [String], periods: Identifiers, metrics: [String], units: Identifiers, unitArms: [Int],
    starts: [Int?]? = nil
  ) {
    self.layout = layout
    self.arms = arms
    self.periods = periods
    self.metrics = metrics
    self.units = units
    self.unitArms = unitArms
    self.starts = starts
  }

  /// The rows of the file: units or periods.
  var rowCount: Int { layout == .units ? units.count : periods.count }
  /// The outcomes of a row.
  var width: Int { (layout == .units ? periods.count : units.count) * metrics.count }
  /// The extents of the outcomes, of which a single metric has no dimension of its own.
  var shape: [Int] {
    [rowCount, layout == .units ? periods.count : units.count] + (metrics.count == 1 ? [] : [metrics.count])
  }
}

/// The record of a panel file.
struct PanelRecord: Codable {
  static let encodingType = "giv-panel"
  static let encodingVersion = "1.0.0"

  var encodingType = Self.encodingType
  var encodingVersion = Self.encodingVersion
  var layout: Panel.Layout
  var units: Int
  var arms: [String]
  var periods: Identifiers
  var metrics: [String]

  init(_ header: PanelHeader) {
    layout = header.layout
    units = header.units.count
    arms = header.arms
    periods = header.periods
    metrics = header.metrics
  }

  private struct Kind: Decodable {
    let encodingType: String
    let encodingVersion: String
  }

  /// The record of a file; nil when it has none.
  ///
  /// - Throws: ``Failure`` `data` when the record is of another kind of file, damaged or of a later version.
  static func read(from file: borrowing HDF5File) throws -> PanelRecord? {
    guard let kind: Kind = try file.record() else { return nil }
    guard kind.encodingType == encodingType else {
      let name =
        ["giv-shard": "a shard of rows", "giv-model": "the model file of a run"][kind.encodingType]
        ?? "a \(kind.encodingType) file"
      throw Failure(
        .data, "\(file.path) is \(name), not a panel; leave it out, or make a panel of the table with 'giv-dist panel'")
    }
    guard kind.encodingVersion.hasPrefix("1.") else {
      throw Failure(
        .data, "\(file.path) has panel format \(kind.encodingVersion), and this program reads 1.x: update it")
    }
    return try file.record()
  }
}

extension PanelHeader {
  /// Writes record, attributes and what is known of units.
  func write(to file: borrowing HDF5File, names: PanelDatasetNames = PanelDatasetNames()) throws {
    try file.setRecord(PanelRecord(self))
    try file.setAttribute("encoding-type", .string(PanelRecord.encodingType))
    try file.setAttribute("encoding-version", .string(PanelRecord.encodingVersion))
    try file.setAttribute("layout", .string(layout.rawValue))
    try file.setAttribute("arms", .strings(arms))
    try file.setAttribute("metrics", .strings(metrics))
    switch periods {
    case .integers(let labels): try file.setAttribute("periods", .integers(labels))
    case .strings(let labels): try file.setAttribute("periods", .strings(labels))
    }
    try file.write(unitArms.map(Int64.init), to: names.arm)
    if let starts { try file.write(starts.map { Int64($0 ?? -1) }, to: names.start) }
    switch units {
    case .integers(let numbers): try file.write(numbers, to: names.identifier)
    case .strings(let texts): try file.write(texts, to: names.identifier)
    }
  }
}
