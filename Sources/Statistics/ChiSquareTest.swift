/// A test of a statistic against χ².
public struct ChiSquareTest: Sendable, Codable, Equatable {
  public let statistic: Double
  public let degreesOfFreedom: Int
  /// Pr(χ² > statistic).
  public let pValue: Double

  /// - Precondition: `degreesOfFreedom` is positive.
  public init(statistic: Double, degreesOfFreedom: Int) {
    self.statistic = statistic
    self.degreesOfFreedom = degreesOfFreedom
    pValue = ChiSquare(degreesOfFreedom: Double(degreesOfFreedom)).survival(statistic)
  }

  /// The test where each row counts for a share of an observation.
  package func counting(_ share: Double) -> ChiSquareTest {
    ChiSquareTest(statistic: share * statistic, degreesOfFreedom: degreesOfFreedom)
  }
}
