/// Where each parameter of a joint mixture stands in its vector of scores: b, λ if there is one, κ, κ2 if there is one, δ (of groups 1 …, on
/// some of the first columns), log τ, β, log σ, and ω or log π_k / π_0 (of groups 1 …).
public struct JointParameters: Sendable, Equatable {
  let groups: Int
  let shared: Int
  let interactionCount: Int
  let selection: Int
  let hasBends: Bool
  /// The columns that shifts are on: none, the constant, or for a test all of ρ.
  let shiftColumns: Int
  /// The columns that shares depend on: the constant, or all of ρ.
  let shareColumns: Int

  package init(_ model: JointMixture) {
    groups = model.groupCount
    shared = model.outcomeCoefficients.count
    interactionCount = model.interactionCount
    selection = model.selectionCount
    hasBends = model.bends != nil
    shiftColumns = model.hasFreeShifts ? 1 : 0
    shareColumns = model.shareCount
  }

  /// Those of a model and what it may lack, which is 0 there: where it has neither, κ2 and λ; and shifts on all of ρ and
  /// shares that depend on ρ, unless only the control function is tested.
  ///
  /// - Parameter variables: the number of columns C that λ takes.
  package init(testing model: JointMixture, variables: Int, onlyControl: Bool) {
    groups = model.groupCount
    shared = model.outcomeCoefficients.count
    selection = model.selectionCount
    // The two ways in which the outcome may depend on V by more than κ do not go together.
    let isPlain = model.bends == nil && model.interactions == nil
    interactionCount = isPlain ? variables : model.interactionCount
    hasBends = isPlain || model.bends != nil
    shiftColumns = onlyControl ? (model.hasFreeShifts ? 1 : 0) : model.selectionCount
    shareColumns = onlyControl ? model.shareCount : model.selectionCount
  }

  private var afterBends: Int { endogeneities.lowerBound + groups * (hasBends ? 2 : 1) }
  private var afterShifts: Int { afterBends + (groups - 1) * shiftColumns }
  private var afterDeviations: Int { afterShifts + groups * (2 + selection) }

  public var count: Int { afterDeviations + (groups - 1) * shareColumns }
  /// The places of b, the coefficients of the outcome's regression.
  public var outcome: Range<Int> { 0..<shared }
  /// The places of λ; empty without it.
  public var interactions: Range<Int> { shared..<shared + interactionCount }
  /// The places of κ_0 … κ_{K-1}.
  public var endogeneities: Range<Int> { interactions.upperBound..<interactions.upperBound + groups }
  /// The places of κ2_0 … κ2_{K-1}; empty without them.
  public var bends: Range<Int> { endogeneities.upperBound..<afterBends }
  /// δ_k; empty for the first group.
  package func shifts(_ group: Int) -> Range<Int> {
    let first = afterBends + (group - 1) * shiftColumns
    return group > 0 ? first..<first + shiftColumns : 0..<0
  }
  /// The places of the coefficients β_k of a group.
  public func slopes(_ group: Int) -> Range<Int> {
    let first = afterShifts + groups + group * selection
    return first..<first + selection
  }
  package var logOutcomeDeviations: Range<Int> { afterShifts..<afterShifts + groups }
  package var logSelectionDeviations: Range<Int> {
    let first = afterShifts + groups * (1 + selection)
    return first..<first + groups
  }
  /// ω_k, k = 1 …, one after another; log π_k / π_0 where shares are constant.
  public var logShares: Range<Int> { afterDeviations..<count }

  /// The places of ω_k without their constants.
  public var shareSlopes: [Int] {
    logShares.filter { ($0 - logShares.lowerBound) % shareColumns > 0 }
  }

  /// ω_k, k = 1 …, or log π_k / π_0.
  package func logShares(_ group: Int) -> Range<Int> {
    let first = afterDeviations + (group - 1) * shareColumns
    return first..<first + shareColumns
  }
}
