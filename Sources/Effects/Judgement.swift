import Statistics

/// One sentence of the verdict: what was found, the number that says so and what it was held against.
public struct Judgement: Sendable, Codable, Equatable {
  public enum Code: String, Sendable, Codable, CaseIterable {
    case identified
    case notIdentified = "not-identified"
    /// Nothing moves the treatment by itself.
    case noInstrument = "no-instrument"
    case strong, weak
    /// The labels are so uncertain that the standard errors, which take them as given, are too short.
    case weakGroups = "weak-groups"
    case instrumentsAgree = "instruments-agree"
    case instrumentsDisagree = "instruments-disagree"
    /// As many instruments as functions of t: nothing is left to disagree.
    case noInstrumentToSpare = "no-instrument-to-spare"
    case balanced, unbalanced
    case confounded
    case noSignOfConfounding = "no-sign-of-confounding"
    /// Groups would have to move the outcome by more than the threshold for the interval to reach 0.
    case robust
    case fragile
  }

  public let code: Code
  /// A p-value, a statistic, a share or a δ, by the code.
  public let value: Double?
  public let threshold: Double?

  /// In the order in which they are to be asked: identified? strong? do the instruments agree? balanced? is there
  /// confounding? what if groups move the outcome? What has no answer without identification is left out then.
  static func all(of diagnostics: EffectDiagnostics?, _ audit: GroupAudit?) -> [Judgement] {
    guard let diagnostics else { return [Judgement(code: .noInstrument, value: nil, threshold: nil)] }
    let rank = diagnostics.kleibergenPaap.test.pValue
    guard diagnostics.isIdentified else {
      return [
        Judgement(code: .notIdentified, value: rank, threshold: EffectDiagnostics.identificationLevel)
      ] + balance(audit)
    }
    var all = [Judgement(code: .identified, value: rank, threshold: EffectDiagnostics.identificationLevel)]
    all.append(strength(diagnostics))
    if let labels = audit?.labels {
      let limit = LabelCertainty.weakShare(partialRSquared: diagnostics.firstStage[0].partialRSquared)
      if labels.share > limit { all.append(Judgement(code: .weakGroups, value: labels.share, threshold: limit)) }
    }
    all.append(
      Judgement(
        code: diagnostics.hansenJ == nil
          ? .noInstrumentToSpare : diagnostics.instrumentsAgree ? .instrumentsAgree : .instrumentsDisagree,
        value: diagnostics.hansenJ?.pValue, threshold: EffectDiagnostics.overidentificationLevel))
    all += balance(audit)
    all.append(
      Judgement(
        code: diagnostics.isConfounded ? .confounded : .noSignOfConfounding, value: diagnostics.wooldridge.pValue,
        threshold: EffectDiagnostics.endogeneityLevel))
    // It rests on the Wald interval.
    if diagnostics.isStrong, let sensitivity = audit?.sensitivity {
      let breakdown = sensitivity.leastBreakdown
      all.append(
        Judgement(
          code: breakdown > PlausibleExogeneity.largestDelta ? .robust : .fragile, value: breakdown,
          threshold: PlausibleExogeneity.largestDelta))
    }
    return all
  }

  /// Of the effective F and Cragg and Donald's statistic the one that falls short, or else the former.
  private static func strength(_ diagnostics: EffectDiagnostics) -> Judgement {
    let first = diagnostics.firstStage[0]
    guard !diagnostics.isStrong, first.effectiveF >= first.effectiveFCritical else {
      return Judgement(
        code: diagnostics.isStrong ? .strong : .weak, value: first.effectiveF, threshold: first.effectiveFCritical)
    }
    return Judgement(
      code: .weak, value: diagnostics.craggDonald.statistic, threshold: diagnostics.craggDonaldCritical)
  }

  private static func balance(_ audit: GroupAudit?) -> [Judgement] {
    guard let balance = audit?.balance else { return [] }
    return [
      Judgement(
        code: balance.isRejected ? .unbalanced : .balanced, value: balance.leastPValue, threshold: GroupBalance.level)
    ]
  }
}
