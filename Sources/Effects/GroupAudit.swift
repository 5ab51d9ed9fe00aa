import Diagnostics
import InstrumentalVariables

/// What the groups say of themselves as an instrument: whether one of them drives the answer, what becomes of it if they
/// move the outcome by themselves, whether covariates are balanced in them, and how certain they are.
public struct GroupAudit: Sendable, Equatable {
  public let comparisons: GroupComparisons
  /// Nil where the method that comes first has no standard errors.
  public let sensitivity: PlausibleExogeneity?
  public let balance: GroupBalance
  public let labels: LabelCertainty
  public let groupNames: [String]

  /// Two passes, six with three groups or more. Collective.
  ///
  /// - Parameters:
  ///   - regression: of all groups.
  ///   - slope: the weights of the average slope on the coefficients.
  ///   - answer: of the method that comes first.
  init(
    _ design: EffectDesign, _ functions: OutcomeFunctions, _ regression: InstrumentalRegression, slope: [Double],
    _ answer: EffectAnswer, seed: UInt64
  ) throws {
    comparisons = try GroupComparisons(design, functions, regression, slope: slope, answer)
    sensitivity = try PlausibleExogeneity(design, functions, regression, slope: slope, answer)
    (balance, labels) = try GroupBalance.measured(design, seed: seed)
    groupNames = design.groups.groupNames
  }

  /// Standard errors that the answer without a group may lie from that of all before it is worth a finding, whichever
  /// of a few groups it is.
  static let noticeableDistance = 3.0

  var findings: [Finding] {
    var findings: [Finding] = []
    if balance.isRejected {
      findings.append(
        Finding(
          .groupsUnbalanced,
          [.pValue: .number(balance.leastPValue), .difference: .number(balance.largestDifference)]))
    }
    for group in comparisons.leftOut {
      if let z = group.z, abs(z) > Self.noticeableDistance {
        findings.append(
          Finding(.groupStandsOut, [.names: .names([groupNames[group.group]]), .distance: .number(abs(z))]))
      }
    }
    return findings
  }
}
