import Frames

/// The one pass over the rows that all answers come from, by itself: for those who time it.
public struct MomentPass {
  private let sums: ProxyMoments
  private let scale: OutcomeScale
  private let frame: Frame

  /// Looks through the columns. Collective.
  ///
  /// - Throws: as ``SyntheticPotentialOutcomes/fit(_:in:)``.
  public init(_ options: SyntheticOutcomesOptions, over frame: Frame) throws {
    let groups = try RowGroups(options, of: frame)
    let survey = try ProxySurvey(options, of: frame)
    sums = try ProxyMoments(groups, treatment: survey.treatment, outcome: survey.outcome)
    scale = survey.scale
    self.frame = frame
  }

  /// The sums. Collective.
  public func callAsFunction() throws -> [Double] { try sums.sum(over: frame, scale).summands }
}
