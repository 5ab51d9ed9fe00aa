/// A test of a statistic against Fisher's F.
public struct FTest: Sendable, Codable, Equatable {
  public let statistic: Double
  public let numerator: Double
  public let denominator: Double
  /// Pr(F > statistic).
  public let pValue: Double

  /// - Precondition: both degrees of freedom are positive.
  public init(statistic: Double, numerator: Double, denominator: Double) {
    self.statistic = statistic
    self.numerator = numerator
    self.denominator = denominator
    pValue = FDistribution(numerator: numerator, denominator: denominator).survival(statistic)
  }
}
