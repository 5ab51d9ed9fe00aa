import Communication
import Diagnostics
import Foundation
import LinearAlgebra
import Mixture

/// What a joint fit says: groups, evidence of confounding, the effect of t, and what to be wary of.
public struct JointOutcome: Sendable {
  public let model: JointModel
  /// On all rows.
  public let design: Design
  /// log L of (t, y | x) in the units of the data.
  public let logLikelihood: Double
  public let criteria: InformationCriteria
  /// The bases that were tried.
  public let bases: [JointCriterion]
  public let covariateBasis: String
  public let outcomeBasis: String
  public let iterations: Int
  public let isConverged: Bool
  public let search: SearchSummary
  /// The mixture of regressions that the fit began with.
  public let regression: FitOutcome
  /// κ_k in the units of the data, and their standard errors; the latter nil when the likelihood is no regular maximum.
  public let kappa: [Double]
  public let kappaStandardErrors: [Double]?
  /// Nil unless the control function is quadratic.
  public let bends: JointBends?
  /// Nil unless shares may depend on x.
  public let shares: JointShares?
  /// δ_k in the units of the data; nil unless free.
  public let delta: [Double]?
  /// That of the first group 0.
  public let deltaStandardErrors: [Double]?
  public let effectCoefficients: [EffectCoefficient]
  public let effectCurve: [EffectPoint]
  /// Of equal slopes β_k in all groups.
  public let slopesTest: ChiSquareTest?
  /// Of groups not shifting the outcome.
  public let shiftsTest: ChiSquareTest?
  /// Of groups not moving the outcome with x or t in ways of their own.
  public let exclusionTest: ChiSquareTest?
  /// Everything that a reader of the result should know before trusting it.
  public let findings: [Finding]

  public func rule(labels: LabelRule = .argmax, seed: UInt64 = 1) -> PosteriorRule {
    PosteriorRule(model: model.mixture, labelRule: labels, seed: seed)
  }

  /// Quantiles of t at which the effect curve is given.
  static let curveProbabilities = (1...19).map { Double($0) / 20 }

  init(
    options: JointOptions, contest: JointContest, trial: JointTrial, searched: JointTrial, fit: Fit<JointMixture>,
    regression: FitOutcome, criteria tried: [JointCriterion], tableScaling: ColumnScaling
  ) throws {
    let table = contest.table
    let search = searched.summary ?? SearchSummary()
    let mixture = fit.model.canonical
    let model = JointModel(
      covariateNames: table.covariateNames, treatmentName: table.treatmentName, outcomeName: table.outcomeName,
      tableScaling: tableScaling, basis: trial.basis, mixture: mixture)
    let covariance = try JointCovariance.orNil(mixture, on: trial.design)
    let statistics = try trial.design.statistics(of: [mixture])[0]
    let n = Double(table.rows.rowCount)

    self.model = model
    design = trial.design
    bases = tried
    covariateBasis = trial.covariates.description
    outcomeBasis = trial.treatment.description + (trial.hasInteractions ? " and interactions with x" : "")
    iterations = fit.passes
    isConverged = fit.isConverged
    self.search = search
    self.regression = regression
    logLikelihood = statistics.logLikelihood - n * log(model.outcomeScale * model.treatmentScale)
    criteria = InformationCriteria(
      logLikelihood: logLikelihood, entropy: statistics.entropy, parameterCount: mixture.parameterCount, rowCount: n)

    let unit = model.outcomeScale / model.treatmentScale
    kappa = mixture.endogeneities.map { $0 * unit }
    kappaStandardErrors = covariance.map { $0.standardErrors($0.parameters.endogeneities).map { $0 * unit } }
    bends = JointBends(model, covariance)
    shares = JointShares(model, covariance)
    delta = mixture.hasFreeShifts ? mixture.shifts.map { $0 * model.outcomeScale } : nil
    deltaStandardErrors =
      mixture.hasFreeShifts ? covariance.map { $0.shiftStandardErrors.map { $0 * model.outcomeScale } } : nil
    let b = mixture.outcomeCoefficients
    func error(_ weights: [Double]) -> Double? { covariance?.standardError(ofOutcomeCombination: weights) }
    effectCoefficients = model.effectTerms.map { term in
      EffectCoefficient(name: term.name, value: term.weights.combined(with: b), standardError: error(term.weights))
    }
    let m = table.covariateCount
    let treatments = try table.quantiles(of: Self.curveProbabilities, includesTreatment: true)[m]
      .map { tableScaling.centers[m] + tableScaling.scales[m] * $0 }
    effectCurve = zip(treatments, model.curveWeights(treatments)).map { t, weights in
      EffectPoint(t: t, tau: weights.combined(with: b), standardError: error(weights))
    }

    let audit = JointAudit(
      options: options, contest: contest, trial: trial, searched: searched, model: model, curve: effectCurve,
      covariance: covariance)
    slopesTest = audit.slopesTest
    let exclusion = try audit.exclusionTests()
    (shiftsTest, exclusionTest) = exclusion
    findings = try audit.findings(fit: fit, search: search, regression: regression, exclusion: exclusion)
  }
}

extension JointCovariance {
  /// Nil when the information is not positive definite.
  static func orNil(_ mixture: JointMixture, on design: Design) throws -> JointCovariance? {
    do { return try JointCovariance(mixture, on: design) } catch is NotPositiveDefinite { return nil }
  }
}

extension JointOutcome {
  /// The fit as other distributions report it.
  var fit: FitOutcome {
    var fit = regression
    fit.model.mixture = .joint(model)
    fit.parameterCount = model.mixture.parameterCount
    fit.iterations = iterations
    fit.isConverged = isConverged
    fit.search = search
    fit.findings = findings
    return fit
  }
}
