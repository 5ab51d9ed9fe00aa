/// Where each parameter of a joint mixture stands in its vector of scores: b, κ, δ (of groups 1 …, when free), log τ,
/// β, log σ and log π_k / π_0 (of groups 1 …).
public struct JointParameters: Sendable, Equatable {
  let groups: Int
  let shared: Int
  let selection: Int
  let hasShifts: Bool

  init(_ model: JointMixture) {
    groups = model.groupCount
    shared = model.outcomeCoefficients.count
    selection = model.selectionCount
    hasShifts = model.hasFreeShifts
  }

  private var shiftCount: Int { hasShifts ? groups - 1 : 0 }
  private var afterShifts: Int { shared + groups + shiftCount }

  public var count: Int { afterShifts + groups * (2 + selection) + groups - 1 }
  /// b.
  public var outcome: Range<Int> { 0..<shared }
  /// κ_0 … κ_{K-1}.
  public var endogeneities: Range<Int> { shared..<shared + groups }
  /// δ_1 … δ_{K-1}; empty unless free.
  public var shifts: Range<Int> { shared + groups..<afterShifts }
  /// β_k.
  public func slopes(_ group: Int) -> Range<Int> {
    let first = afterShifts + groups + group * selection
    return first..<first + selection
  }
  var logOutcomeDeviations: Range<Int> { afterShifts..<afterShifts + groups }
  var logSelectionDeviations: Range<Int> {
    let first = afterShifts + groups * (1 + selection)
    return first..<first + groups
  }
  /// log π_k / π_0, k = 1 ….
  var logShares: Range<Int> { count - groups + 1..<count }

  /// The parameters in whose density group k has a part, shares left out, in the order of its own scores.
  func own(_ group: Int) -> [Int] {
    Array(outcome) + [endogeneities.lowerBound + group]
      + (hasShifts && group > 0 ? [shifts.lowerBound + group - 1] : [])
      + [logOutcomeDeviations.lowerBound + group] + Array(slopes(group))
      + [logSelectionDeviations.lowerBound + group]
  }
}
