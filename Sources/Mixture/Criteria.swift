import LinearAlgebra

/// Information criteria of a fit; smaller is better.
public struct InformationCriteria: Sendable, Equatable, Codable {
  /// -2 log L + q log n (Schwarz 1978), q free parameters.
  public let bic: Double
  /// BIC + 2 entropy of the posteriors (Biernacki, Celeux and Govaert 2000).
  public let icl: Double

  /// - Parameter rowCount: the sum of row weights, which is the number of rows when there are none.
  public init(logLikelihood: Double, entropy: Double, parameterCount: Int, rowCount: Double) {
    bic = -2 * logLikelihood + Double(parameterCount) * Elementary.log(rowCount)
    icl = bic + 2 * entropy
  }
}
