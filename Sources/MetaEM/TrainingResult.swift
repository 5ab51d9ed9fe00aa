import Communication
import Diagnostics
import Foundation
import Mixture

/// A finished fit: the model, what the labels look like, and how it went.
public struct TrainingResult: Sendable {
  public let configuration: Configuration
  public let outcome: FitOutcome
  /// The effect and its diagnostics; nil but for `joint`.
  public let joint: JointOutcome?
  public let summary: LabelSummary
  public let truth: Truth
  public let design: Design
  public let rule: PosteriorRule
  /// Passes over the rows, of all phases.
  public let passes: Int
  public let secondsPerPass: Double
  public let seconds: Double
  /// When the number of groups was chosen, the criteria of each that was tried; else empty.
  public internal(set) var groupCriteria: [GroupCriterion] = []
  /// What it was chosen by.
  public internal(set) var groupCriterion = SweepCriterion.bic

  /// The number of rows; also the sum of the normalised weights.
  public var rowCount: Int { design.rows.rowCount }

  /// log L of (t | r), of (r, t) for `gaussian`, or of (t, y | x) for `joint`, in the units of the data; nil for
  /// `kmeans`, which has none.
  public var logLikelihood: Double? {
    joint?.logLikelihood ?? inDataUnits(summary.logLikelihood)
  }

  /// A log-likelihood in the units of the scaled columns in those of the data; nil for `kmeans`.
  package func inDataUnits(_ logLikelihood: Double) -> Double? {
    outcome.model.logVolume.map { logLikelihood - Double(rowCount) * $0 }
  }

  /// The sum of squared distances to the nearest centre; nil but for `kmeans`.
  public var inertia: Double? {
    if case .kmeans = outcome.model.mixture { -2 * summary.logLikelihood } else { nil }
  }

  public var criteria: InformationCriteria? {
    logLikelihood.map {
      InformationCriteria(
        logLikelihood: $0, entropy: summary.entropy, parameterCount: outcome.parameterCount, rowCount: Double(rowCount))
    }
  }

  /// What numbers of groups are compared by: BIC, or that of the spline fit that networks were added to where it is lower.
  /// Else one number of groups would pay for networks that do not earn their parameters, and another, where no round was
  /// kept, would not.
  public var comparableBIC: Double? { splineCriteria.map { min(criteria?.bic ?? .infinity, $0.bic) } ?? criteria?.bic }
  /// The same of ICL.
  public var comparableICL: Double? { splineCriteria.map { min(criteria?.icl ?? .infinity, $0.icl) } ?? criteria?.icl }

  /// Of the spline fit that an alternation started from.
  private var splineCriteria: (bic: Double, icl: Double)? {
    guard let trace = outcome.alternation, let spline = trace.spline,
      let logLikelihood = inDataUnits(trace.startLogLikelihood)
    else { return nil }
    let bic = -2 * logLikelihood + Double(spline.parameterCount) * log(Double(rowCount))
    return (bic, bic + 2 * spline.entropy)
  }

  public var balance: Balance { Balance(summary) }
  /// Nil when the true source is unknown.
  public var agreement: Agreement? { truth.values.isEmpty ? nil : Agreement(confusion: summary.confusion) }

  /// Everything that a reader of the result should know before trusting it.
  public var findings: [Finding] {
    // Those of a joint fit are its own doubts.
    var findings = outcome.findings + doubts
    let search = outcome.search
    // The joint model's own findings say whether it converged, and whether its starts agree in the effect.
    if joint == nil && !outcome.isConverged {
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
    doubts += outcome.alternation?.findings ?? []
    let rounds = outcome.alternation?.rounds ?? []
    // With other distributions each round has a likelihood of its own.
    if configuration.distribution == .regression, rounds.count == configuration.alternation.rounds,
      rounds.last?.isAccepted == true
    {
      doubts.append(Finding(.stillRising, [.rounds: .count(rounds.count)]))
    }
    if let spline = splineCriteria?.bic, let bic = criteria?.bic, spline < bic, rounds.contains(where: \.isAccepted) {
      doubts.append(Finding(.splinePreferred, [.splineBIC: .number(spline), .bic: .number(bic)]))
    }
    if outcome.parameterCount > rowCount {
      doubts.append(
        Finding(
          .moreParametersThanRows, [.parameters: .count(outcome.parameterCount), .rows: .count(rowCount)]))
    }
    return doubts
  }
}
