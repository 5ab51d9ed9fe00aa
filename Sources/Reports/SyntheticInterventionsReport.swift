import Diagnostics
import Panels
import Storage
import SyntheticInterventions

/// Synthetic interventions in numbers, as `--json` prints them, and for people.
public struct SyntheticInterventionsReport: Sendable, Encodable {
  /// How many units and periods there are, and of which layout.
  public let units: Int
  public let periods: Int
  /// Labels of the first and last period before.
  public let before: [String]
  public let arms: [ArmAnswer]
  public let cells: [CellAnswer]
  public let contrasts: [ContrastAnswer]
  /// With at most as many placebos in all as cells are listed; the run's `si.h5` has all.
  public let placeboSpace: [PlaceboInSpace]
  public let placeboTime: [PlaceboInTime]
  public let leaveOneDonorOut: [DonorRange]
  public let eventStudy: [EventStudy]
  public let power: [PlaceboPower]
  public let leaveOut: SyntheticInterventionsOptions.LeaveOut
  public let shareMissing: Double
  public let findings: [Finding]
  /// The findings that are reasons to doubt, in words, the most serious first.
  public let warnings: [String]
  public let tableDigest: String
  public let ranks: Int
  public let seconds: Double
  let result: SyntheticInterventionsResult
  let showsAllIntervals: Bool

  private enum CodingKeys: CodingKey {
    case units, periods, before, arms, cells, contrasts, placeboSpace, placeboTime, leaveOneDonorOut, eventStudy, power
    case leaveOut, shareMissing, findings, warnings, tableDigest, ranks, seconds
  }

  public init(
    _ result: SyntheticInterventionsResult, _ panel: Panel, showsAllIntervals: Bool, ranks: Int, seconds: Double
  ) {
    units = result.units
    periods = result.periods
    let window = result.options.windows.before
    before = [panel.periods[window.lowerBound], panel.periods[window.upperBound - 1]]
    arms = result.arms
    cells = result.cells
    contrasts = result.contrasts
    placeboSpace = result.placeboSpace.listing(atMost: SyntheticInterventionsResult.mostCells)
    placeboTime = result.placeboTime
    leaveOneDonorOut = result.leaveOneDonorOut
    eventStudy = result.eventStudy
    power = result.power
    leaveOut = result.leaveOut
    shareMissing = result.shareMissing
    findings = result.warnings
    warnings = result.warnings.filter(\.isDoubt).map(\.words)
    tableDigest = result.tableDigest
    self.ranks = ranks
    self.seconds = seconds
    self.result = result
    self.showsAllIntervals = showsAllIntervals
  }
}
