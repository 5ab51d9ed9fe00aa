import Communication
import ControlFunction
import Diagnostics
import Effects
import Foundation
import Frames
import LinearAlgebra
import Mixture

extension MetaEM {
  /// A finished fit: the model, what the labels look like, and how it went.
  public struct Result: Sendable {
    public let configuration: Configuration
    public let estimate: Estimate
    public let summary: LabelSummary
    public let truth: Truth
    /// The columns of the rows that were fitted.
    public let design: Design
    /// The rule that labels come from, on the rows of either.
    public let rule: PosteriorRule
    /// The columns of all rows, also of those that were not fitted.
    public let everyRow: Design
    /// Which of these were fitted; nil for all.
    let fittedRows: RowSelection?
    /// What the fit says of rows that were kept for testing; nil when there are none.
    public let testScore: TestScore?
    /// What the rows themselves give reason to tell.
    let rowFindings: [Finding]
    /// What the rows of the groups do.
    let groupFindings: [Finding]
    /// What an instrumental regression with the groups of `joint` makes of the average slope; nil for other distributions
    /// and where it says nothing.
    public let instrumentalSlope: EffectEstimate?
    /// The number of passes over the rows, of all phases.
    public let passes: Int
    public let secondsPerPass: Double
    public let seconds: Double
    /// When the number of groups was chosen, the criteria of each that was tried; else empty.
    public internal(set) var groupCriteria: [GroupCriterion] = []
    /// The criterion that the number of groups was chosen by.
    public internal(set) var groupCriterion = SweepCriterion.bic
  }
}

extension MetaEM.Result {
  /// What was fitted for all distributions but `joint`; nil for that.
  public var mixture: MixtureResult? { if case .mixture(let result) = estimate { result } else { nil } }
  /// The effect and its diagnostics, for `joint`; nil for other distributions.
  public var joint: ControlFunction.Result? { if case .joint(let result, _) = estimate { result } else { nil } }

  public var model: FittedModel { estimate.model }
  public var parameterCount: Int { estimate.parameterCount }
  public var iterations: Int { estimate.iterations }
  public var isConverged: Bool { estimate.isConverged }
  public var search: SearchSummary { estimate.search }

  /// n: the number of rows that were fitted, or the sum of their frequencies.
  public var rowCount: Int { design.table.observationCount }

  /// log L of (t | r), of (r, t) for `gaussian`, or of (t, y | x) for `joint`, in the units of the data; nil for
  /// `kmeans`, which has none.
  public var logLikelihood: Double? {
    joint?.logLikelihood ?? inDataUnits(summary.logLikelihood)
  }

  /// A log-likelihood in the units of the scaled columns in those of the data; nil for `kmeans`.
  package func inDataUnits(_ logLikelihood: Double) -> Double? {
    model.logVolume.map { logLikelihood - Double(rowCount) * $0 }
  }

  /// The sum of squared distances to the nearest centre; nil but for `kmeans`.
  public var inertia: Double? {
    if case .kmeans = model.mixture { -2 * summary.logLikelihood } else { nil }
  }

  public var criteria: InformationCriteria? {
    logLikelihood.map {
      InformationCriteria(
        logLikelihood: $0, entropy: summary.entropy, parameterCount: parameterCount, rowCount: Double(rowCount))
    }
  }

  /// What numbers of groups are compared by: BIC, or that of the spline fit that networks were added to where it is lower.
  /// Else one number of groups would pay for networks that do not earn their parameters, and another, where no round was
  /// kept, would not.
  public var comparableBIC: Double? { splineCriteria.map { min(criteria?.bic ?? .infinity, $0.bic) } ?? criteria?.bic }
  /// The ICL that numbers of groups are compared by, in the same way as ``comparableBIC``.
  public var comparableICL: Double? { splineCriteria.map { min(criteria?.icl ?? .infinity, $0.icl) } ?? criteria?.icl }

  /// BIC and ICL of the spline fit that an alternation started from; nil when there was none.
  var splineCriteria: (bic: Double, icl: Double)? {
    guard let trace = mixture?.alternation, let spline = trace.spline,
      let logLikelihood = inDataUnits(trace.startLogLikelihood)
    else { return nil }
    let bic = -2 * logLikelihood + Double(spline.parameterCount) * Elementary.log(Double(rowCount))
    return (bic, bic + 2 * spline.entropy)
  }

  public var balance: Balance { Balance(summary) }
  /// How well the labels agree with the true sources; nil when these are unknown.
  public var agreement: Agreement? { truth.values.isEmpty ? nil : Agreement(confusion: summary.confusion) }
}
