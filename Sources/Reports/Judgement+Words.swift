import Diagnostics
import Effects
import InstrumentalVariables

extension Judgement {
  /// The sentence, with its number, what that is held against and who says so; without a final stop.
  func words(_ result: EffectResult) -> String {
    let t = result.treatmentName
    guard let diagnostics = result.diagnostics else {
      return "not identified: nothing moves \(t) that is no function of the covariates, and what moves both \(t) and "
        + "\(result.outcomeName) unseen cannot be told from the effect"
    }
    switch code {
    case .noInstrument: return ""
    case .identified:
      return "identified: the instruments tell the functions of \(t) apart (rank test \(p), below \(limit); Kleibergen "
        + "and Paap 2006)"
    case .notIdentified:
      return "not identified: the instruments do not tell the functions of \(t) apart (rank test \(p), \(limit) or "
        + "less needed; Kleibergen and Paap 2006), and the estimates mean nothing"
    case .strong: return "strong: \(strength(diagnostics))"
    case .weak: return "weak: \(strength(diagnostics)); the Anderson-Rubin set stands instead of the interval"
    case .weakGroups:
      let agreement = diagnostics.hansenJ.map { ", Hansen's J has \($0.pValue.asPValue)" } ?? ""
      return "weak groups: the weights leave \(percent(value)) of what could be unknown of a row's group (more than "
        + "\(percent(threshold))\(faintness(diagnostics)); effective F \(significant(diagnostics.firstStage[0].effectiveF))\(agreement)): "
        + (result.errors == .stacked
          ? "no one estimator is to be relied upon"
          : "errors that take the labels as given are too short, and no one estimator is to be relied upon")
    case .instrumentsAgree:
      return "instruments agree: Hansen's J has \(p), not below \(limit) (Hansen 1982)"
    case .instrumentsDisagree:
      return "instruments disagree: Hansen's J has \(p), below \(limit) (Hansen 1982)"
    case .noInstrumentToSpare:
      return "there are as many instruments as functions of \(t), and nothing is left to disagree"
    case .balanced, .unbalanced: return result.audit.map { balance($0.balance) } ?? ""
    case .confounded:
      return "\(t) is confounded: ordinary regression gives another effect (robust Wu-Hausman \(p), below \(limit); "
        + "Wooldridge 2010)"
    case .noSignOfConfounding:
      return "no sign of confounding: ordinary regression gives the same within error (robust Wu-Hausman \(p), not "
        + "below \(limit); Wooldridge 2010)"
    case .robust, .fragile: return sensitivity
    }
  }

  private var p: String { (value ?? .nan).asPValue }
  private var limit: String { significant(threshold ?? .nan) }
  private func percent(_ share: Double?) -> String { "\(Int((100 * (share ?? 0)).rounded()))%" }

  /// Why less is allowed to be unknown than elsewhere.
  private func faintness(_ diagnostics: EffectDiagnostics) -> String {
    guard threshold == LabelCertainty.weakShareOfFaintGroups else { return "" }
    return
      ", where instruments explain less than half of the treatment: \(percent(diagnostics.firstStage[0].partialRSquared))"
  }

  private func strength(_ diagnostics: EffectDiagnostics) -> String {
    let first = diagnostics.firstStage[0]
    let effective =
      "effective F \(significant(first.effectiveF)), \(significant(first.effectiveFCritical)) needed (Montiel Olea and "
      + "Pflueger 2013)"
    guard diagnostics.firstStage.count > 1 else { return effective }
    let source = diagnostics.craggDonald.critical == nil ? "Staiger and Stock 1997" : "Stock and Yogo 2005"
    return effective + ", Cragg-Donald \(significant(diagnostics.craggDonald.statistic)), "
      + "\(significant(diagnostics.craggDonaldCritical)) needed (\(source))"
  }

  private func balance(_ balance: GroupBalance) -> String {
    let isBalanced = code == .balanced
    let wald = balance.wald.map { "Wald \($0.pValue.asPValue), " } ?? ""
    let tests =
      "\(wald)kernel \(balance.kernel.pValue.asPValue) (Gretton et al. 2012), \(isBalanced ? "none" : "one") below \(limit)"
    let what: String
    switch (balance.isRequired, isBalanced) {
    case (true, true): what = "balanced: covariates are alike in all groups"
    case (true, false): what = "not balanced: covariates differ between groups, and then they may be no instrument"
    case (false, true):
      what =
        "balanced given covariates: shares depend on them, so groups need not be alike, and what is left does not depend "
        + "on covariates"
    case (false, false):
      what =
        "not balanced given covariates: what the shares leave of the groups depends on covariates, and then they are no "
        + "instrument"
    }
    guard balance.isRequired else { return "\(what) (\(tests))" }
    let largest =
      "largest difference of means \(format(balance.largestDifference, decimals: 3)) sd, "
      + "\(significant(GroupBalance.noticeableDifference)) noticeable (Austin 2009)"
    return "\(what) (\(tests); \(largest))"
  }

  private var sensitivity: String {
    guard let value, value > 0 else { return "the interval of the average slope holds 0 as it is" }
    let (what, than) = code == .robust ? ("robust", "more") : ("fragile", "not more")
    return "\(what): the interval of the average slope reaches 0 where groups move the outcome by "
      + "\(significant(value)) of its sd (\(than) than \(significant(threshold ?? .nan)); Conley, Hansen and Rossi 2012)"
  }
}
