import Diagnostics
import Foundation

extension Finding {
  /// The words of a finding on synthetic interventions; `label` is an arm.
  var interventionWords: String? {
    let arm = "arm '\(name(.label))'"
    switch code {
    case .outcomesLeaveFactors:
      return "\(arm): outcomes of its donors after leave the factors of their outcomes before "
        + "(F \(decimal(.value, 1)), \(number(.pValue).asPValue)): something new moves them, which weights from before do not "
        + "know; look at an earlier --post, or a longer --pre"
    case .subspaceLeft:
      return "\(arm): the factors of its donors after are not among those before (tau \(decimal(.value, 3)), "
        + "critical value \(decimal(.critical, 3)))"
    case .donorsUncovered:
      return "\(arm): only \(count(.count)) of \(count(.total)) donors have outcomes in the intervals that the others "
        + "give them: uncalibrated intervals are too short"
    case .rankDecides:
      return "\(arm): one rank more or less moves the estimate out of its interval for \(unitWords): the interval is "
        + "given the rank; look at the rank path"
    case .donorCarries:
      return "\(arm): one donor has more than half of the weights for \(unitWords): what happened to it alone would be "
        + "taken for the arm; see --leave-one-donor-out"
    case .intervalsUncalibrated: return "\(arm): intervals are \(name(.reason))"
    case .intervalsLacking: return "\(arm): no interval for \(unitWords): \(name(.reason))"
    case .targetsNotReproduced:
      return "\(arm): its donors do not reproduce \(unitWords) before as they do each other: the estimate is from "
        + "units that are not alike"
    case .outcomesFilled:
      return "\(String(format: "%.1f", 100 * number(.share)))% of outcomes are missing; those of donors were filled "
        + "in \(count(.rounds)) rounds at the rank of their arm, and count as no observations"
    case .rankUnlikeSpectrum:
      return "\(arm): rank \(valueWords) is kept, and the singular values of its donors show \(count(.count)) factors "
        + "(usvt): factors that are not kept are taken for noise, and noise that is kept for factors"
    case .donorsIncomplete:
      let words = "\(arm): \(count(.count)) of \(count(.total)) donors lack no outcome"
      guard values[.value] != nil else { return "\(words), too few for estimates from them alone" }
      return "\(words); from them alone estimates move by at most \(decimal(.value, 2)) of half their intervals "
        + "before calibration"
    case .startsWithinWindows:
      return "\(arm): by the panel's starts donors came under it within the windows (\(unitWords)): their outcomes "
        + "are of two arms; end --pre before the first start, begin --post at the last, or see --event-study"
    case .rankLowered:
      return "\(arm): the rank is \(valueWords), for it has \(count(.count)) donors; more was asked for"
    case .subspaceUntestable:
      return "\(arm): the subspace test has no power with fewer than ten periods after, or one factor in them; it "
        + "says nothing here"
    case .placeboTarget:
      return "placebo tests reject too often when the target was chosen for how extreme it was before"
    case .unitsBeyondWindows:
      return "left out of the event study, for the panel lacks periods before or after their start, or donors: "
        + unitWords
    default: return nil
    }
  }

  private func decimal(_ key: Key, _ digits: Int) -> String { String(format: "%.\(digits)f", number(key)) }

  /// The first units of many.
  private var unitWords: String {
    let (all, most) = (names(.names), 5)
    return all.prefix(most).joined(separator: ", ") + (all.count > most ? " and \(all.count - most) others" : "")
  }
}
