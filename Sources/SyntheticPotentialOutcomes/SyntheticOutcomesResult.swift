import Diagnostics
import Frames
import LinearAlgebra
import Statistics

/// The average effect and the mixture of effects under an unobserved class.
public struct SyntheticOutcomesResult: Sendable {
  public let options: SyntheticOutcomesOptions
  public let rowCount: Int
  public let treatmentName: String
  public let outcomeName: String
  /// The values of the treatment, ascending.
  public let arms: [Double]
  public let treatmentFeatures: ProxyFeatures
  public let outcomeFeatures: ProxyFeatures
  public let blockCount: Int
  public let scale: OutcomeScale

  /// Over all strata, by their shares.
  public let armMeans: [JackknifeEstimate]
  public let contrasts: [ArmContrast]
  /// One, without a name, where there are no strata.
  public let strata: [StratumResult]
  /// The worst of the strata's.
  public let verdicts: Verdicts
  /// Everything that a reader of the result should know before trusting it.
  public let findings: [Finding]

  /// What was summed: the groups by stratum, arm and block, and for each the sums.
  let moments: ProxyMoments

  init(
    _ options: SyntheticOutcomesOptions, _ frame: Frame, _ survey: ProxySurvey, _ moments: ProxyMoments,
    _ contrasts: [(treated: Int, control: Int)], _ strata: [StratumMoments], _ jackknife: Jackknife<[StratumAnswer]>,
    _ tests: [SpecificationTests]
  ) {
    let groups = moments.groups
    self.options = options
    rowCount = frame.rows.rowCount
    (treatmentName, outcomeName) = (frame.treatmentName, frame.outcomeName)
    arms = groups.arms
    (treatmentFeatures, outcomeFeatures) = (moments.treatment, moments.outcome)
    blockCount = groups.blocks.count
    scale = survey.scale
    let totalWeight = jackknife.whole.reduce(0) { $0 + $1.whitened.weight }
    self.strata = strata.indices.map { index in
      StratumResult(
        .init(
          name: groups.strata.map { $0.variable.words($0.values[index]) }, arms: groups.arms, contrasts: contrasts,
          moments: strata[index].arms, totalWeight: totalWeight,
          jackknife: Jackknife(
            whole: jackknife.whole[index], replicates: jackknife.replicates.map { $0[index] }, level: options.level),
          tests: tests[index], constant: moments.outcome.constant, scale: survey.scale,
          hasOutcomeCells: moments.outcome.isOneHot))
    }
    armMeans = groups.arms.indices.map { t in jackknife.estimate { Self.average($0) { $0.means[t] } }! }
    self.contrasts = contrasts.map { treated, control in
      ArmContrast(
        treated: groups.arms[treated], control: groups.arms[control],
        naive: jackknife.estimate { Self.naive($0, treated) - Self.naive($0, control) }!,
        effect: jackknife.estimate { Self.average($0) { $0.means[treated] - $0.means[control] } }!)
    }
    verdicts = Verdicts(self.strata.map(\.verdicts))
    var findings: [Finding] = []
    if !survey.constant.isEmpty { findings.append(.note(.constantProxies, [.names: .names(survey.constant)])) }
    if !survey.empty.isEmpty { findings.append(.note(.emptyCells, [.names: .names(survey.empty)])) }
    self.findings = findings + self.strata.flatMap(\.findings)
    self.moments = moments
  }

  /// Σ_s Pr(s) θ_s.
  private static func average(_ strata: [StratumAnswer], _ number: (StratumAnswer) -> Double) -> Double {
    let total = strata.reduce(0) { $0 + $1.whitened.weight }
    return strata.reduce(0) { $0 + $1.whitened.weight / total * number($1) }
  }

  /// The mean of the outcome in an arm of all strata together.
  private static func naive(_ strata: [StratumAnswer], _ arm: Int) -> Double {
    let total = strata.reduce(0) { $0 + $1.whitened.weight * $1.whitened.shares[arm] }
    return strata.reduce(0) { $0 + $1.whitened.weight * $1.whitened.shares[arm] / total * $1.naiveMeans[arm] }
  }
}
