import Diagnostics
import Foundation

extension Finding {
  /// The words of a finding on proxies and the class that they stand for.
  var proxyWords: String? {
    guard let words = proxyWordsOfAllRows else { return nil }
    return name(.stratum).isEmpty ? words : "stratum \(name(.stratum)): \(words)"
  }

  private var proxyWordsOfAllRows: String? {
    switch code {
    case .constantProxies: "these proxies have one value and say nothing: \(names(.names).joined(separator: ", "))"
    case .emptyCells: "left out, for no row lies there: \(names(.names).joined(separator: "; "))"
    case .oneClassSeen:
      "the proxies of both sides show no class: there is no confounding by what they stand for, or they stand for nothing; "
        + "the average effect is the difference of means unless better proxies say otherwise"
    case .moreClassesThanRank:
      "\(count(.groups)) classes were asked for, and the proxies show \(count(.fewerGroups)): what lies beyond is noise; leave "
        + "--classes out"
    case .weakProxies:
      "weak proxies where the treatment is \(names(.names).joined(separator: " and ")) (\(String(format: "%.1f", number(.value))) "
        + "standard errors from telling nothing, 4 wanted): intervals may be too short; give proxies that follow the class "
        + "more closely, or more rows"
    case .treatmentProxiesLead:
      "a treatment's proxy moves the outcome or its proxies by itself (\(pValue.asPValue)): neither the average effect nor the "
        + "classes are to be trusted; leave out the --treatment-proxies that may act on the outcome"
    case .outcomeProxiesLead:
      "an outcome's proxy moves the outcome by itself (\(pValue.asPValue)): classes' effects are not to be trusted, the average "
        + "effect may be; leave out the --outcome-proxies that may act on the outcome"
    case .outcomeProxiesTouched:
      "the treatment moves an outcome's proxy (\(pValue.asPValue)): neither the average effect nor the classes are to be trusted; "
        + "leave out the --outcome-proxies that are measured after the treatment"
    case .proxiesUntestable:
      "these assumptions cannot be tested with these proxies: \(untested.joined(separator: "; ")); give a further proxy or "
        + "finer categories"
    case .classesComplex:
      "classes are not identified from these data: their effects come out as complex numbers; the average effect and the "
        + "moments of the effect stand"
    case .classesCoincide:
      "classes are not identified from these data: their outcomes under the arms are not distinct; the average effect and the "
        + "moments of the effect stand"
    case .shareImpossible:
      "the share of a class comes out as \(String(format: "%.3f", number(.value))), two standard errors beyond what a share can "
        + "be: classes are not identified from these data"
    case .replicatesWithoutClasses:
      "without some blocks there are no classes (\(count(.count)) of \(count(.total)) replicates), so that they have no standard "
        + "errors"
    case .classesAlike:
      "the effects of two classes may be the same: there may be one class, or classes of equal effect"
    default: nil
    }
  }

  private var untested: [String] {
    names(.names).compactMap(Code.init).map { code in
      switch code {
      case .treatmentProxiesLead: "no treatment's proxy moves the outcome or its proxies"
      case .outcomeProxiesLead: "no outcome's proxy moves the outcome"
      case .outcomeProxiesTouched: "the treatment moves no outcome's proxy"
      default: code.rawValue
      }
    }
  }
}
