/// The periods before units come under their arms, and those after, by their places among the periods of a panel.
public struct PeriodWindows: Sendable, Equatable, Codable {
  /// The periods in which all units are under the first arm.
  public var before: Range<Int>
  /// The periods that are asked for.
  public var after: Range<Int>

  public init(before: Range<Int>, after: Range<Int>) {
    self.before = before
    self.after = after
  }
}
