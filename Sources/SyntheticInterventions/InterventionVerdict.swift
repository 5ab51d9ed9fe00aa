import LinearAlgebra

/// How far the answers under an arm can be believed.
///
/// *Rejected* where the post-period fit test has p < .001, or the subspace test, where it has power, finds τ above its
/// critical value and above the heuristic. *Doubtful* where the fit test has p < .05 or cannot be made, τ is above its
/// critical value, donors are covered by their own intervals so rarely that chance has less than .01, or the donors are
/// too few for a calibrated interval. Else *supported*.
public enum InterventionVerdict: String, Sendable, Codable, Comparable {
  case supported
  case doubtful
  case rejected

  private var grade: Int { self == .supported ? 0 : self == .doubtful ? 1 : 2 }
  public static func < (first: InterventionVerdict, second: InterventionVerdict) -> Bool { first.grade < second.grade }

  private static let rejectionLevel = 0.001
  private static let doubtLevel = 0.05
  private static let coverageLevel = 0.01

  init(
    fit: PostPeriodFit?, subspace: SubspaceInclusion?, validation: ValidationCoverage, level: Double, isCalibrated: Bool
  ) {
    let leaves = (subspace?.hasPower ?? false) && (subspace?.isRejected ?? false)
    if (fit?.p ?? 1) < Self.rejectionLevel || leaves && (subspace?.failsHeuristic ?? false) {
      self = .rejected
    } else if (fit?.p ?? 0) < Self.doubtLevel || leaves || !isCalibrated
      || validation.chance(level: level) < Self.coverageLevel
    {
      self = .doubtful
    } else {
      self = .supported
    }
  }
}

extension ValidationCoverage {
  /// Pr(at most so many are covered) were every one at the level; by the normal distribution where they are many.
  func chance(level: Double) -> Double {
    guard of > 0 else { return 1 }
    let (mean, deviation) = (Double(of) * level, (Double(of) * level * (1 - level)).squareRoot())
    guard of <= 500 else { return (Double(covered) - mean) / deviation < -2.3263478740408408 ? 0 : 1 }
    var (mass, sum) = (Elementary.power(level, of), 0.0)
    // From all covered downwards.
    for count in stride(from: of, through: 0, by: -1) {
      if count <= covered { sum += mass }
      mass *= Double(count) / Double(of - count + 1) * (1 - level) / level
    }
    return sum
  }
}
