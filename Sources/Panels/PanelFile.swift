import Diagnostics
import Frames
import Shards
import Storage

/// What one file of a panel holds, read without its outcomes.
struct PanelFile: Sendable {
  let path: String
  let header: PanelHeader
  /// The files other than this one in which outcomes lie, as sources of virtual datasets.
  let otherFiles: [String]
  /// What the manifest of its folder says, when it was found through one.
  let entry: Manifest.Shard?

  var rowCount: Int { header.rowCount }

  /// Looks into a file, which we or others wrote.
  ///
  /// - Throws: ``Failure`` when the file cannot be opened; `data` when it is no panel, or its parts do not fit together.
  init(path: String, names: PanelDatasetNames, entry: Manifest.Shard? = nil) throws {
    let file = try HDF5File.open(path)
    let record = try PanelRecord.read(from: file)
    let parts = PanelParts(file: path, names: names)
    let (shape, otherFiles) = try parts.outcomeShape(in: file)
    let arms = try parts.arms(in: file, known: record?.arms)
    let layout = try parts.layout(in: file, shape, unitCount: arms.codes.count, known: record?.layout)
    let (units, periods) = layout == .units ? (shape[0], shape[1]) : (shape[1], shape[0])
    try parts.requireCount(arms.codes.count, names.arm, units, "units", shape)
    let labels = try record?.periods ?? parts.periods(in: file)
    try parts.requireCount(labels.count, "periods", periods, "periods", shape)
    let identifiers = try parts.identifiers(in: file) ?? .integers((0..<units).map(Int64.init))
    try parts.requireCount(identifiers.count, names.identifier, units, "units", shape)
    let starts = try parts.starts(in: file)
    if let starts { try parts.requireCount(starts.count, names.start, units, "units", shape) }
    let metrics = try record?.metrics ?? parts.metrics(in: file, count: shape.count == 3 ? shape[2] : 1)
    try parts.requireCount(metrics.count, "metrics", shape.count == 3 ? shape[2] : 1, "metrics", shape)
    header = PanelHeader(
      layout: layout, arms: arms.names, periods: labels, metrics: metrics, units: identifiers, unitArms: arms.codes,
      starts: starts)
    if let record, record.units != units {
      throw Failure(.data, "\(path) should have \(record.units) units and has \(units); write it again")
    }
    if let entry, entry.rows != header.rowCount {
      throw Failure(
        .data,
        "\(path) has \(header.rowCount) \(layout.rawValue), and \(Manifest.fileName) beside it says \(entry.rows); write "
          + "the panel again")
    }
    try parts.requireArms(arms.codes, of: arms.names, identifiers)
    self.path = path
    self.otherFiles = otherFiles
    self.entry = entry
  }
}
