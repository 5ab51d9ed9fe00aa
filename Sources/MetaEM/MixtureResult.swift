import Diagnostics
import Features
import Mixture

/// What a mixture of (r, t) was fitted to.
public struct MixtureResult: Sendable {
  public var model: FittedModel
  /// Free parameters, those of a learned representation included.
  public var parameterCount: Int
  /// At the last pass, in the units of the scaled columns.
  public var logLikelihood: Double
  /// Passes of the start that was chosen.
  public var iterations: Int
  public var isConverged: Bool
  public var search: SearchSummary
  /// Of regressions on splines: how groups differ.
  public var forms: SplineForms?
  /// What kept the groups from degenerating, and features that were left out.
  public var findings: [Finding] = []
  /// Of networks: the rounds in which they were learned.
  public var alternation: AlternationTrace?
  /// The starts that were carried on to convergence.
  public var contenders: Contenders?
}

/// How groups of a spline regression may differ, with the BIC of each form, and the form of the lowest.
public struct SplineForms: Sendable {
  public let chosen: SplineForm
  public let criteria: [FormCriterion]
}
