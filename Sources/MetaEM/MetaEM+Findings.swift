import Diagnostics
import Mixture

extension MetaEM.Result {
  /// Everything that a reader of the result should know before trusting it.
  public var findings: [Finding] {
    // Those of a joint fit are its own doubts.
    var findings = rowFindings + estimate.findings + groupFindings + doubts
    // The joint model's own findings say whether it converged, and whether its starts agree in the effect.
    if joint == nil && !isConverged {
      findings.append(.note(.notConverged, [.passes: .count(configuration.maximumIterations)]))
    }
    if search.degenerate > 0 {
      findings.append(.note(.degenerateStarts, [.count: .count(search.degenerate), .total: .count(search.starts)]))
    }
    if joint == nil && search.continued > 1 && search.agreed == 1 { findings.append(.note(.singleBestStart)) }
    for group in 0..<summary.groupCount where summary.rowCount(group) == 0 {
      findings.append(.note(.emptyGroup, [.group: .count(group)]))
    }
    // With concomitants groups may differ in covariates.
    let unbalanced = configuration.concomitants ? [] : balance.unbalanced
    if !unbalanced.isEmpty {
      let names = unbalanced.map { design.table.covariateNames[$0] }
      findings.append(
        .note(
          .unbalancedCovariates, [.names: .names(names), .difference: .number(Balance.noticeableDifference)]))
    }
    return findings
  }

  /// Doubts that the fit itself does not have.
  private var doubts: [Finding] {
    var doubts: [Finding] = []
    if configuration.hasSingularGroups { doubts.append(Finding(.singularGroups, severity: .invalid)) }
    doubts += mixture?.alternation?.findings ?? []
    let rounds = mixture?.alternation?.rounds ?? []
    // With other distributions each round has a likelihood of its own.
    if configuration.distribution == .regression, rounds.count == configuration.alternation.rounds,
      rounds.last?.isAccepted == true
    {
      doubts.append(Finding(.stillRising, [.rounds: .count(rounds.count)]))
    }
    if let spline = splineCriteria?.bic, let bic = criteria?.bic, spline < bic, rounds.contains(where: \.isAccepted) {
      doubts.append(Finding(.splinePreferred, [.splineBIC: .number(spline), .bic: .number(bic)]))
    }
    if parameterCount > rowCount {
      doubts.append(
        Finding(
          .moreParametersThanRows, [.parameters: .count(parameterCount), .rows: .count(rowCount)]))
    }
    return doubts
  }
}
