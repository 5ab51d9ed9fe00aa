import Communication
import Foundation
import LinearAlgebra
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
  func inDataUnits(_ logLikelihood: Double) -> Double? {
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
    let bic = -2 * logLikelihood + Double(spline.parameterCount) * Elementary.log(Double(rowCount))
    return (bic, bic + 2 * spline.entropy)
  }

  public var balance: Balance { Balance(summary) }
  /// Nil when the true source is unknown.
  public var agreement: Agreement? { truth.values.isEmpty ? nil : Agreement(confusion: summary.confusion) }

  /// Reasons to doubt the result; also among the events.
  public var warnings: [String] { (joint?.warnings ?? []) + doubts }

  /// Warnings that the fit itself does not give.
  private var doubts: [String] {
    var doubts = configuration.hasSingularGroups ? [Configuration.singularGroupsWarning] : []
    doubts += outcome.alternation?.warnings ?? []
    let rounds = outcome.alternation?.rounds ?? []
    // With other distributions each round has a likelihood of its own.
    if configuration.distribution == .regression, rounds.count == configuration.alternation.rounds,
      rounds.last?.isAccepted == true
    {
      doubts.append("the likelihood was still rising in the last of \(rounds.count) rounds of training; raise --rounds")
    }
    if let spline = splineCriteria?.bic, let bic = criteria?.bic, spline < bic, rounds.contains(where: \.isAccepted) {
      doubts.append(
        "BIC prefers the spline fit that training began from (\(spline.rounded()) against \(bic.rounded())): what the "
          + "networks add may be noise; compare with --representation spline")
    }
    if outcome.parameterCount > rowCount {
      doubts.append(
        "the fit has \(outcome.parameterCount) parameters, more than the \(rowCount) rows: it may follow single rows; "
          + "choose fewer groups or a smaller representation")
    }
    return doubts
  }

  /// Everything that a reader of the result should know before trusting it.
  public var events: [String] {
    // Those of a joint fit hold its warnings.
    var events = outcome.events + doubts
    let search = outcome.search
    // The joint model's own warnings say whether it converged, and whether its starts agree in the effect.
    if joint == nil && !outcome.isConverged {
      events.append("not converged after \(configuration.maximumIterations) passes; raise --max-iterations")
    }
    if search.degenerate > 0 {
      events.append("\(search.degenerate) of \(search.starts) starts degenerated and were given up")
    }
    if joint == nil && search.continued > 1 && search.agreed == 1 {
      events.append("only one start reached the best likelihood: it may not be the highest there is; raise --starts")
    }
    for group in 0..<summary.groupCount where summary.rowCount(group) == 0 {
      events.append("group \(group) is the label of no row")
    }
    // With concomitants groups may differ in covariates.
    let unbalanced = configuration.concomitants ? [] : balance.unbalanced
    if !unbalanced.isEmpty {
      let names = unbalanced.map { design.table.covariateNames[$0] }.joined(separator: ", ")
      events.append(
        "groups differ in the means of \(names) by more than \(Balance.noticeableDifference) standard deviations and more "
          + "than chance would make them: the label may depend on covariates, and then it is no instrument")
    }
    return events
  }
}
