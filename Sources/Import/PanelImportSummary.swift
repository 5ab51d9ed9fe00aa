import Diagnostics
import Panels
import Shards

/// What became of tables that were made a panel.
public struct PanelImportSummary: Sendable, Encodable {
  public struct Arm: Sendable, Encodable {
    public let name: String
    public let units: Int
    /// Outcomes that are missing, whether a row says so or there is none.
    public fileprivate(set) var missing = 0
  }

  public let folder: String
  public let layout: Panel.Layout
  public let rowsRead: Int
  public let units: Int
  /// The labels, in order.
  public let periods: [String]
  public let metrics: [String]
  /// The first is the one that all units are under at first.
  public private(set) var arms: [Arm]
  /// Units that come under their arms at times of their own; nil where no column says so.
  public let starting: Int?
  public internal(set) var files: [Manifest.Shard] = []
  public internal(set) var findings: [Finding]

  /// Units times periods times metrics.
  public var cells: Int { units * periods.count * metrics.count }
  public var missing: Int { arms.reduce(0) { $0 + $1.missing } }

  init(_ survey: PanelSurvey, _ plan: PanelPlan, _ layout: Panel.Layout, folder: String) {
    self.folder = folder
    self.layout = layout
    rowsRead = survey.rowCount
    units = survey.units.count
    periods = survey.periods.texts
    metrics = plan.outcomes
    arms = survey.arms.enumerated().map { arm, name in Arm(name: name, units: survey.unitArms.count { $0 == arm }) }
    starting = survey.starts.map { $0.count { $0 != nil } }
    findings = survey.findings
  }

  mutating func add(_ lot: PanelLot) {
    for (arm, count) in lot.missing.enumerated() { arms[arm].missing += count }
  }
}
