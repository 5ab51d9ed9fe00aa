/// Where each parameter of a joint mixture stands in its vector of scores: b, κ, δ (of groups 1 …, on some of the first
/// columns), log τ, β, log σ and log π_k / π_0 (of groups 1 …).
public struct JointParameters: Sendable, Equatable {
  let groups: Int
  let shared: Int
  let selection: Int
  /// The columns that shifts are on: none, the constant, or for a test all of ρ.
  let shiftColumns: Int

  init(_ model: JointMixture, shiftColumns: Int? = nil) {
    groups = model.groupCount
    shared = model.outcomeCoefficients.count
    selection = model.selectionCount
    self.shiftColumns = shiftColumns ?? (model.hasFreeShifts ? 1 : 0)
  }

  private var afterShifts: Int { shared + groups + (groups - 1) * shiftColumns }

  public var count: Int { afterShifts + groups * (2 + selection) + groups - 1 }
  /// b.
  public var outcome: Range<Int> { 0..<shared }
  /// κ_0 … κ_{K-1}.
  public var endogeneities: Range<Int> { shared..<shared + groups }
  /// δ_k; empty for the first group.
  func shifts(_ group: Int) -> Range<Int> {
    let first = shared + groups + (group - 1) * shiftColumns
    return group > 0 ? first..<first + shiftColumns : 0..<0
  }
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
    Array(outcome) + [endogeneities.lowerBound + group] + Array(shifts(group))
      + [logOutcomeDeviations.lowerBound + group] + Array(slopes(group))
      + [logSelectionDeviations.lowerBound + group]
  }
}
