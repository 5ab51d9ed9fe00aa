/// How far the answers under an arm can be believed.
public enum InterventionVerdict: String, Sendable, Codable, Comparable {
  case supported
  case doubtful
  case rejected

  private var grade: Int { self == .supported ? 0 : self == .doubtful ? 1 : 2 }
  public static func < (first: InterventionVerdict, second: InterventionVerdict) -> Bool { first.grade < second.grade }
}
