import Diagnostics

/// How much of an answer may rest on combinations of levels with fewer rows than tell of a law.
public enum Overlap {
  /// The share above which an answer is to be doubted.
  public static let doubtfulShare = 0.01
  /// The share above which it is refused, unless extrapolation is allowed.
  public static let refusedShare = 0.2

  /// - Parameter values: what is set and seen, as `X = 1`.
  static func refusal(of values: [String], share: Double) -> Failure {
    Failure(
      .data,
      "the answer for \(values.joined(separator: ", ")) rests for \(Int((100 * share).rounded()))% on combinations of "
        + "levels with fewer than \(Int(SoundFactor.leastRows)) rows; join levels, leave that value out with --values, or "
        + "give --allow-extrapolation")
  }
}
