import Frames
import Storage

/// Outcomes of units over periods, with the arm that each unit comes under: states under policies, shops under prices.
///
/// The rows of the frame are units or periods, see ``Layout``; what is known of units and periods beside their outcomes
/// is small and lies on every rank.
public struct Panel: Sendable {
  /// What a row is.
  public enum Layout: String, Sendable, Codable, CaseIterable {
    /// A unit with all its periods: component period × metrics + metric of the row's vector.
    case units
    /// A period with all units: component unit × metrics + metric of the row's vector.
    case periods
  }

  public let layout: Layout
  /// The outcomes: one column of vectors, of the role ``Role/outcome``, in which NaN is missing.
  public let frame: Frame
  /// The names of the arms; the first is the one that all units are under at first.
  public let arms: [String]
  /// The labels of the periods, in the order of time.
  public let periods: [String]
  /// The names of the outcomes.
  public let metrics: [String]
  /// The names of the units, in the order of the files.
  public let units: [String]
  /// The place among ``arms`` of the arm that each unit comes under.
  public let unitArms: [Int]
  /// The place among ``periods`` of the first one of each unit under its arm; nil for a unit that never comes under
  /// another. Without starts, the windows of an analysis say it for all units.
  public let starts: [Int?]?
  /// The SHA-256 of everything: outcomes, arms, periods, metrics, units and starts, however they are cut into files or
  /// spread over ranks.
  public let digest: String

  public init(
    layout: Layout, frame: Frame, arms: [String], periods: [String], metrics: [String], units: [String],
    unitArms: [Int], starts: [Int?]? = nil
  ) {
    self.layout = layout
    self.frame = frame
    self.arms = arms
    self.periods = periods
    self.metrics = metrics
    self.units = units
    self.unitArms = unitArms
    self.starts = starts
    var digest = SHA256Digest()
    digest.update(frame.digest)
    digest.update(layout.rawValue)
    for texts in [arms, periods, metrics, units] {
      digest.update(texts.count)
      digest.update(texts)
    }
    digest.update(unitArms)
    digest.update((starts ?? []).map { $0 ?? -1 })
    self.digest = digest.finalize()
  }
}
