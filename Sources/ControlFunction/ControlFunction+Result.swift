import Diagnostics
import Foundation
import LinearAlgebra
import Mixture
import Statistics

extension ControlFunction {
  /// What a joint fit says: groups, evidence of confounding, the effect of t, and what to be wary of.
  public struct Result: Sendable {
    public let model: JointModel
    /// The columns of the fit on all rows.
    public let design: Design
    /// log L of (t, y | x) in the units of the data.
    public let logLikelihood: Double
    public let criteria: InformationCriteria
    /// The bases that were tried.
    public let bases: [JointCriterion]
    public let covariateBasis: String
    public let outcomeBasis: String
    /// The number of passes of the start that was chosen.
    public let iterations: Int
    public let isConverged: Bool
    public let search: SearchSummary
    /// κ_k in the units of the data, and their standard errors; the latter nil when the likelihood is no regular maximum.
    public let kappa: [Double]
    public let kappaStandardErrors: [Double]?
    /// The quadratic terms of the control function; nil where it is linear.
    public let bends: JointBends?
    /// How the coefficient of V depends on x and t; nil where it does not.
    public let interactions: JointInteractions?
    /// How the shares of groups depend on x; nil where they may not.
    public let shares: JointShares?
    /// δ_k in the units of the data; nil unless free.
    public let delta: [Double]?
    /// The standard errors of δ_k, that of the first group 0.
    public let deltaStandardErrors: [Double]?
    /// E[∂g/∂t] over the rows: what one unit more of t does to y, on average.
    public let averageSlope: EffectCoefficient
    /// The effects of the quartiles of t instead of each other.
    public let contrasts: [JointContrast]
    /// Of all parameters; nil when the likelihood is no regular maximum.
    public let covariance: JointCovariance?
    /// Of the coefficients that effects are combinations of; nil where these are shown without errors.
    private let outcomeCovariance: OutcomeCovariance?
    /// The average slope as if the treatment had been measured without noise; nil where no noise was told of, and where effects
    /// are shown without errors, which are not corrected.
    public let uncorrectedSlope: EffectCoefficient?
    public private(set) var effectCoefficients: [EffectCoefficient] = []
    public let effectCurve: [EffectPoint]
    /// The test of equal slopes β_k in all groups.
    public let slopesTest: ChiSquareTest?
    /// The test of groups not shifting the outcome.
    public let shiftsTest: ChiSquareTest?
    /// What shifts of the outcome by groups would do to the average slope; nil where they are free or not to be told.
    public let shiftSensitivity: ShiftSensitivity?
    /// The test of groups not moving the outcome with x or t in ways of their own.
    public let exclusionTest: ChiSquareTest?
    /// Everything that a reader of the result should know before trusting it.
    public let findings: [Finding]

    /// - Parameters:
    ///   - statistics: of the final E step.
    ///   - covariance: nil when the likelihood is no regular maximum.
    ///   - outcomeCovariance: of the model's effects; nil where they are shown without errors.
    init(
      model: JointModel, design: Design, fit: Fit<JointMixture>, search: SearchSummary,
      statistics: SufficientStatistics, covariance: JointCovariance?, trial: JointTrial, bases: [JointCriterion],
      outcomeCovariance: OutcomeCovariance?, averageSlope: EffectCoefficient, uncorrectedSlope: EffectCoefficient?,
      contrasts: [JointContrast], effectCurve: [EffectPoint], slopesTest: ChiSquareTest?, exclusion: ExclusionTests,
      findings: [Finding]
    ) {
      let (mixture, n) = (model.mixture, Double(design.table.observationCount))
      self.model = model
      self.design = design
      self.bases = bases
      covariateBasis = trial.covariates.description
      outcomeBasis = trial.treatment.description + (trial.hasInteractions ? " and interactions with x" : "")
      iterations = fit.passes
      isConverged = fit.isConverged
      self.search = search
      logLikelihood = statistics.logLikelihood - n * Elementary.log(model.outcomeScale * model.treatmentScale)
      criteria = InformationCriteria(
        logLikelihood: logLikelihood, entropy: statistics.entropy, parameterCount: mixture.parameterCount, rowCount: n)

      let unit = model.outcomeScale / model.treatmentScale
      kappa = mixture.endogeneities.map { $0 * unit }
      kappaStandardErrors = covariance.map { $0.standardErrors($0.parameters.endogeneities).map { $0 * unit } }
      bends = JointBends(model, covariance)
      interactions = JointInteractions(model, covariance)
      shares = JointShares(model, covariance)
      delta = mixture.hasFreeShifts ? mixture.shifts.map { $0 * model.outcomeScale } : nil
      deltaStandardErrors =
        mixture.hasFreeShifts ? covariance.map { $0.shiftStandardErrors.map { $0 * model.outcomeScale } } : nil
      (self.averageSlope, self.contrasts, self.covariance) = (averageSlope, contrasts, covariance)
      (self.outcomeCovariance, self.uncorrectedSlope) = (outcomeCovariance, uncorrectedSlope)
      self.effectCurve = effectCurve
      self.slopesTest = slopesTest
      (shiftsTest, exclusionTest) = (exclusion.shifts, exclusion.slopes)
      shiftSensitivity = exclusion.sensitivity
      self.findings = findings
      effectCoefficients = model.effectCoefficients(outcomeCovariance)
    }

    /// Findings by which there may be no group, so that the effect is arbitrary: it has no standard errors then.
    static let noGroups: [Finding.Code] = [.equalSlopes, .oneGroupSuffices]

    /// Whether groups were seen to differ in how x drives t.
    public var isIdentified: Bool { !findings.contains { Self.noGroups.contains($0.code) } }

    /// The mean effect of one treatment instead of another.
    public func contrast(from: Double, to: Double) -> JointContrast {
      model.contrast(from: from, to: to, outcomeCovariance)
    }

    public var parameterCount: Int { model.mixture.parameterCount }

    /// The coefficients that say something by themselves: all but those of splines in t, whose functions and line make up
    /// one curve together.
    public var ownEffects: [EffectCoefficient] {
      // Factors of t alone are functions of a spline; its square and its products with x have two.
      let products = model.basis.treatmentProducts
      guard products.contains(where: { $0.count == 1 }) else { return effectCoefficients }
      return zip(effectCoefficients.dropFirst(), products).filter { $1.count == 2 }.map(\.0)
    }

    public func rule(labels: LabelRule = .argmax, seed: UInt64 = 1) -> PosteriorRule {
      PosteriorRule(model: model.mixture, labelRule: labels, seed: seed)
    }
  }
}

extension JointModel {
  /// - Parameter covariance: nil when the likelihood is no regular maximum.
  func effectCoefficients(_ covariance: OutcomeCovariance?) -> [EffectCoefficient] {
    effectTerms.map { combination($0.name, $0.weights, covariance) }
  }

  /// The mean effects of some treatments, in the units of the data, instead of 0.
  func effectCurve(at treatments: [Double], _ covariance: OutcomeCovariance?) -> [EffectPoint] {
    zip(treatments, curveWeights(treatments)).map { t, weights in
      EffectPoint(
        t: t, tau: weights.combined(with: outcomeCoefficients),
        standardError: covariance?.standardError(of: weights))
    }
  }
}
