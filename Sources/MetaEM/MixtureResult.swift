import Diagnostics
import Features
import Mixture

/// What a mixture of (r, t) was fitted to.
public struct MixtureResult: Sendable {
  public var model: FittedModel
  /// Free parameters, those of a learned representation included.
  public var parameterCount: Int
  /// The log-likelihood at the last pass, in the units of the scaled columns.
  public var logLikelihood: Double
  /// The number of passes of the start that was chosen.
  public var iterations: Int
  public var isConverged: Bool
  public var search: SearchSummary
  /// How the groups of a regression on splines differ; nil for other fits.
  public var forms: SplineForms?
  /// What kept the groups from degenerating, and features that were left out.
  public var findings: [Finding] = []
  /// The rounds in which networks were learned; nil for other representations.
  public var alternation: AlternationTrace?
  /// The starts that were carried on to convergence.
  public var contenders: Contenders?
}

/// How groups of a spline regression may differ, with the BIC of each form, and the form of the lowest.
public struct SplineForms: Sendable {
  public let chosen: SplineForm
  public let criteria: [FormCriterion]
  /// The products of two covariates that the rules of groups hold, each by its covariates.
  public let products: [[Int]]

  /// The BIC of the form chosen.
  var bic: Double { criteria.map(\.bic).min() ?? .infinity }
}
