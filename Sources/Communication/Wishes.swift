/// What a rank wishes to be done after the pass over the rows that is under way; the greatest wish of all ranks is done.
public enum Wish: Int, Sendable, Comparable {
  case goOn, save, stop

  public static func < (left: Wish, right: Wish) -> Bool { left.rawValue < right.rawValue }
}

/// The wishes of a communicator's ranks, agreed on by the sums that they make anyway.
///
/// A signal may reach one rank only, and clocks differ, but all ranks must save or stop after the same pass. So every sum
/// over ``DistributedRows`` carries the greatest wish of all ranks, in a word beside its flag of failures, up the tree
/// and down with the total, and the agreement costs no message of its own. Algorithms do not see it, but for those whose
/// passes make no sum, see ``Communicator/agreeOnWishes()``: whoever keeps checkpoints asks, and takes what was agreed on
/// after a pass.
public final class Wishes: @unchecked Sendable {
  private var question: (() -> Wish)?
  private var agreed = Wish.goOn

  public init() {}

  /// From now on asks each rank once in every sum, when its own rows are added. Collective in that all ranks must call
  /// it, or none, between the same two sums; it sends nothing.
  public func ask(_ question: @escaping () -> Wish) {
    self.question = question
  }

  /// The greatest wish of any rank in the sums since this was called last, the same on all ranks.
  public func take() -> Wish {
    defer { agreed = .goOn }
    return agreed
  }

  /// Whether ranks are asked, so that those without rows must be heard too.
  var areAsked: Bool { question != nil }
  /// What this rank wishes now.
  var own: Wish { question?() ?? .goOn }

  /// Takes note of the greatest wish of all ranks in a sum.
  func agree(on wish: Wish) {
    agreed = max(agreed, wish)
  }
}

extension Communicator {
  /// Agrees on what the ranks wish for in a pass that makes no sum over rows. Collective.
  public func agreeOnWishes() throws {
    guard wishes.areAsked else { return }
    let greatest = try maximum([Double(wishes.own.rawValue)])[0]
    wishes.agree(on: Wish(rawValue: Int(greatest))!)
  }
}
