import Diagnostics

/// How far an answer can be trusted.
public enum Verdict: String, Sendable, Codable, Comparable {
  case identified
  case doubtful
  case notIdentified = "not identified"

  private var grade: Int { self == .identified ? 0 : self == .doubtful ? 1 : 2 }
  public static func < (first: Verdict, second: Verdict) -> Bool { first.grade < second.grade }
}

/// The verdicts on the average effect and on the classes, in this order: where the first is not identified, the second
/// is not either.
///
/// An answer is *not identified* where it does not exist, where a proxy's strength is below 2 standard errors, or where a
/// test of what it rests on has p < .001; *doubtful* where the strength is below 4 standard errors, a test has p < .05 or
/// cannot be made, or more classes were asked for than the proxies show; else *identified*. The average effect rests on
/// the treatment's proxies being excluded and the outcome's being untouched; the classes also on the outcome's being
/// excluded, on shares between 0 and 1, and on effects that differ.
public struct Verdicts: Sendable, Codable, Equatable {
  public let averageEffect: Verdict
  public let classes: Verdict

  private enum CodingKeys: String, CodingKey {
    case averageEffect = "ate"
    case classes
  }

  static let doubtLevel = 0.05
  static let refusalLevel = 0.001
  static let weakRatio = 4.0
  static let lostRatio = 2.0

  /// How many classes and answers of all strata stand: `nothing`, `average effect` or `classes`.
  public var level: String {
    classes != .notIdentified ? "classes" : averageEffect != .notIdentified ? "average effect" : "nothing"
  }

  init(averageEffect: Verdict, classes: Verdict) {
    self.averageEffect = averageEffect
    self.classes = max(classes, averageEffect)
  }

  /// The worst of several strata.
  init(_ all: [Verdicts]) {
    averageEffect = all.map(\.averageEffect).max()!
    classes = all.map(\.classes).max()!
  }

  /// What the p-value of a test says of what rests on it.
  static func of(pValue: Double?) -> Verdict {
    guard let pValue else { return .doubtful }
    return pValue < refusalLevel ? .notIdentified : pValue < doubtLevel ? .doubtful : .identified
  }

  /// What the strength of a proxy over its standard error says.
  static func of(strengthRatio ratio: Double?) -> Verdict {
    guard let ratio else { return .doubtful }
    return ratio < lostRatio ? .notIdentified : ratio < weakRatio ? .doubtful : .identified
  }
}
