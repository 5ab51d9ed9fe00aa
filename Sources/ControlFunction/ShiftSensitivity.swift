import LinearAlgebra
import Mixture

/// What the average slope owes to the assumption that groups move the outcome through the treatment only: how far it moves
/// where they shift the outcome by δ_k besides ("plausibly exogenous": Conley, Hansen and Rossi 2012, Review of Economics
/// and Statistics 94).
///
/// With δ held at a small value the maximum moves by -A⁻¹ A_θδ δ, A the observed information, and the slope with it. A
/// shift of all groups is part of the constant, so only differences of δ count.
public struct ShiftSensitivity: Sendable, Codable, Equatable {
  /// The derivatives of the average slope in δ_k, K of them that add up to 0: slope per unit of the outcome.
  public let derivatives: [Double]
  /// By how much the average slope moves at most where the groups shift the outcome by no more than one of its standard
  /// deviations from each other.
  public let perStandardDeviation: Double
  /// How many standard deviations of the outcome apart shifts must be to take the slope to 0; nil where none do.
  public let toZero: Double?

  /// - Parameters:
  ///   - slope: the average slope as a combination of b, in the units of the data.
  ///   - responses: ∂b/∂δ_k, k = 1 …, in standard deviations of the outcome.
  package init(_ slope: [Double], of mixture: JointMixture, responses: Matrix, outcomeScale: Double) {
    let others = (0..<responses.rows).map { slope.combined(with: Array(responses[row: $0])) }
    let all = [-others.reduce(0, +)] + others
    derivatives = all.map { $0 / outcomeScale }
    // Over δ between 0 and 1 the largest of g'δ is the sum of the g above 0; as they add up to 0, the least is as far.
    perStandardDeviation = all.reduce(0) { $0 + max($1, 0) }
    let value = abs(slope.combined(with: mixture.outcomeCoefficients))
    toZero = perStandardDeviation > 0 ? value / perStandardDeviation : nil
  }
}
