import Communication
import Diagnostics
import Frames
import Shards
import Storage

/// What the files of a panel hold, whether they are whole, and whether they agree.
///
/// Nothing that is wrong ends the inspection: it is listed.
public struct PanelInspection: Sendable, Encodable {
  public struct File: Sendable, Encodable {
    public let path: String
    @NullEncoded public var sha256: String?
    /// Whether the manifest of the folder states the same digest; nil without a manifest.
    @NullEncoded public var matchesManifest: Bool?
  }

  /// Units and missing outcomes of an arm.
  public struct Arm: Sendable, Encodable {
    public let name: String
    public var units = 0
    public var missingShare = 0.0
  }

  public struct Metric: Sendable, Encodable {
    public let name: String
    @NullEncoded public var minimum: Double?
    @NullEncoded public var maximum: Double?
    @NullEncoded public var mean: Double?
    public var missing = 0
  }

  public struct Period: Sendable, Encodable {
    public let label: String
    public var missingShare = 0.0
    /// The units that begin with their arm in this period.
    public var starts = 0
  }

  public private(set) var files: [File] = []
  public private(set) var layout: Panel.Layout?
  public private(set) var units = 0
  public private(set) var arms: [Arm] = []
  public private(set) var periods: [Period] = []
  public private(set) var metrics: [Metric] = []
  /// Units of which every outcome is missing.
  public private(set) var emptyUnits: [String] = []
  /// The digest of all that the panel holds, which does not depend on how it is cut into files.
  @NullEncoded public private(set) var digest: String?
  public private(set) var problems: [String] = []
  private var failure: Failure?

  public var isSound: Bool { problems.isEmpty }
  /// The exit code of what is wrong; nil when all is sound.
  public var exitCode: ExitCode? { isSound ? nil : failure?.exitCode ?? .data }

  private enum CodingKeys: CodingKey {
    case files, layout, units, arms, periods, metrics, emptyUnits, digest, problems
  }

  /// Whether the first file among paths says that it is a panel.
  public static func isPanel(_ paths: [String]) -> Bool {
    guard let first = paths.first, let path = try? ShardCollection.files(at: first).first?.path,
      let file = try? HDF5File.open(path)
    else { return false }
    if let record = try? PanelRecord.read(from: file) { return record.encodingType == PanelRecord.encodingType }
    return (try? file.attribute("encoding-type")) == .string(PanelRecord.encodingType)
      || (try? file.attribute("arms")) != nil
  }

  /// Reads all files, in memory that does not grow with their outcomes.
  ///
  /// - Parameter paths: files and folders, as for ``PanelCollection/open(_:names:)``.
  public init(_ paths: [String], names: PanelDatasetNames = PanelDatasetNames()) {
    do {
      for (path, entry) in try paths.flatMap({ try ShardCollection.files(at: $0) }) {
        let digest = try SHA256Digest.ofFile(path)
        let matches = entry.map { $0.sha256 == digest }
        files.append(File(path: path, sha256: digest, matchesManifest: matches))
        if matches == false {
          problems.append(
            "\(path) is not the file that \(Manifest.fileName) describes: its SHA-256 differs; write it again")
        }
      }
      let collection = try PanelCollection.open(paths, names: names)
      try take(Panel.load(collection, storage: .stream(), on: SoloCommunicator()))
    } catch {
      failure = Failure(error)
      problems.append(Failure(error).message)
    }
  }

  private mutating func take(_ panel: Panel) throws {
    layout = panel.layout
    units = panel.units.count
    digest = panel.digest
    let counts = try PanelCounts(panel)
    arms = panel.arms.indices.map { arm in
      let units = panel.unitArms.count { $0 == arm }
      let cells = units * panel.periods.count * panel.metrics.count
      return Arm(
        name: panel.arms[arm], units: units,
        missingShare: cells == 0 ? 0 : Double(counts.missingByArm[arm]) / Double(cells))
    }
    let starts = Dictionary(grouping: (panel.starts ?? []).compactMap(\.self), by: \.self)
    periods = panel.periods.indices.map { period in
      Period(
        label: panel.periods[period],
        missingShare: Double(counts.missingByPeriod[period]) / Double(units * panel.metrics.count),
        starts: starts[period]?.count ?? 0)
    }
    metrics = panel.metrics.indices.map { metric in
      let (count, sum) = (counts.present[metric], counts.sums[metric])
      return Metric(
        name: panel.metrics[metric], minimum: count == 0 ? nil : counts.minima[metric],
        maximum: count == 0 ? nil : counts.maxima[metric], mean: count == 0 ? nil : sum / Double(count),
        missing: units * panel.periods.count - count)
    }
    emptyUnits = panel.units.indices.filter { counts.presentByUnit[$0] == 0 }.map { panel.units[$0] }
  }
}

/// Counts of one pass over the outcomes of a panel.
private struct PanelCounts {
  var missingByArm: [Int]
  var missingByPeriod: [Int]
  var presentByUnit: [Int]
  /// By metric, as those that follow.
  var present: [Int]
  var sums: [Double]
  var minima: [Double]
  var maxima: [Double]

  init(_ panel: Panel) throws {
    let metrics = panel.metrics.count
    missingByArm = [Int](repeating: 0, count: panel.arms.count)
    missingByPeriod = [Int](repeating: 0, count: panel.periods.count)
    presentByUnit = [Int](repeating: 0, count: panel.units.count)
    present = [Int](repeating: 0, count: metrics)
    sums = [Double](repeating: 0, count: metrics)
    minima = [Double](repeating: .infinity, count: metrics)
    maxima = [Double](repeating: -.infinity, count: metrics)
    let others = panel.layout == .units ? panel.periods.count : panel.units.count
    for chunk in panel.frame.rows.localChunks {
      for component in 0..<others * metrics {
        let values = try panel.frame.reals(0, component: component, chunk: chunk)
        let (other, metric) = component.quotientAndRemainder(dividingBy: metrics)
        for (offset, row) in panel.frame.rows.grid.rows(ofChunk: chunk).enumerated() {
          let (unit, period) = panel.layout == .units ? (row, other) : (other, row)
          add(values[offset], unit, panel.unitArms[unit], period, metric)
        }
      }
    }
  }

  private mutating func add(_ value: Double, _ unit: Int, _ arm: Int, _ period: Int, _ metric: Int) {
    guard !value.isNaN else {
      missingByArm[arm] += 1
      missingByPeriod[period] += 1
      return
    }
    presentByUnit[unit] += 1
    present[metric] += 1
    sums[metric] += value
    minima[metric] = min(minima[metric], value)
    maxima[metric] = max(maxima[metric], value)
  }
}
