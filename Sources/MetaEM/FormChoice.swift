import LinearAlgebra
import Mixture

/// How the groups of a spline regression differ.
public enum SplineForm: String, Sendable, Codable {
  /// Groups differ in slopes: t is linear in x.
  case linear
  /// Groups differ in the weights of one curve per covariate, which all of them share: the paper's model.
  case shared
  /// Groups differ in every curve.
  case free
}

/// A fitted form and its BIC on the rows that it was tried on. Where these are some of the rows it is not carried over to
/// all: the gain that chance gives to more parameters would be multiplied with the rest, and win.
public struct FormCriterion: Sendable, Codable, Equatable {
  public let form: SplineForm
  public let parameterCount: Int
  /// -2 log L + q log n, with log L of t in its own units on n rows. Where covariates are those of clusters, log L and n are
  /// times the share that a row counts for, so that n is the number of clusters.
  public let bic: Double

  init?<Model>(
    _ form: SplineForm, _ fit: Fit<Model>?, rowCount: Double, effectiveShare: Double, treatmentScale: Double
  ) {
    guard let fit, fit.logLikelihood.isFinite else { return nil }
    self.form = form
    parameterCount = fit.model.parameterCount
    bic =
      -2 * effectiveShare * (fit.logLikelihood - rowCount * Elementary.log(treatmentScale))
      + Double(parameterCount) * Elementary.log(effectiveShare * rowCount)
  }
}
