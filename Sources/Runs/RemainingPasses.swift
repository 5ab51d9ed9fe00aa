/// How many passes a loop has before it, as far as its state tells.
public enum RemainingPasses: Sendable, Equatable {
  /// Exactly so many.
  case exactly(Int)
  /// No more than so many, and about `expected` where the course of the loop tells; nil where it does not.
  case atMost(Int, expected: Int?)

  /// Those of loops side by side, which end with the last of them; nil for none.
  public static func together(_ loops: [(most: Int, expected: Int?)]) -> RemainingPasses? {
    guard let most = loops.map(\.most).max() else { return nil }
    let expected = loops.compactMap { loop in loop.expected.map { min($0, loop.most) } }
    return .atMost(most, expected: expected.count == loops.count ? expected.max() : nil)
  }
}
