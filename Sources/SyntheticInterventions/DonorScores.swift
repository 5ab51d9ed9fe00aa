import Communication
import Frames

/// How far the donors of an arm are from what the others give them in a metric: errors |observed - θ| over half their
/// prediction intervals, of which calibration asks for the largest alone.
struct DonorScores: Sendable {
  struct Score: Sendable {
    let unit: Int
    let ratio: Double
  }

  /// Donors with a score.
  let count: Int
  /// Donors that their intervals cover: scores of at most 1.
  let coveredCount: Int
  /// The largest scores, ascending, of equal ones that of the first unit first, and the place of the first among all.
  private let largest: [Score]
  private let firstPlace: Int
  /// By unit, where its score is among the largest.
  private let places: [Int: Int]
  /// Donors whose score is no number.
  private let unscored: Set<Int>
  private let rule: IntervalRule

  /// Collective. No score leaves its rank but the largest.
  ///
  /// - Parameter own: those of this rank, some of them no numbers.
  init(_ own: [Score], _ rule: IntervalRule, on communicator: any Communicator) throws {
    let scored = own.filter(\.ratio.isFinite)
    let counts = try communicator.sum(counts: [Int64(scored.count), Int64(scored.count { $0.ratio <= 1 })])
    (count, coveredCount) = (Int(counts[0]), Int(counts[1]))
    self.rule = rule
    unscored = Set(
      try communicator.allGather(elements: own.filter { !$0.ratio.isFinite }.map { Double($0.unit) }).joined()
        .map { Int($0) })
    // The one that is asked for by a donor is the next one where its own lies before it.
    if let order = [count, count - 1].compactMap(rule.order).min() {
      let bound = try Self.ratio(at: order - 1, of: scored.map(\.ratio), on: communicator)
      let kept = scored.filter { $0.ratio >= bound }
      let message = kept.map { Double($0.unit) } + kept.map(\.ratio)
      largest = try communicator.allGather(elements: message).flatMap { both in
        zip(both.prefix(both.count / 2), both.suffix(both.count / 2)).map { Score(unit: Int($0), ratio: $1) }
      }.sorted { ($0.ratio, $0.unit) < ($1.ratio, $1.unit) }
    } else {
      largest = []
    }
    firstPlace = count - largest.count
    places = Dictionary(uniqueKeysWithValues: largest.enumerated().map { [firstPlace] in ($1.unit, firstPlace + $0) })
  }

  /// The ratio at a place, from 0, among those of all ranks. Collective.
  private static func ratio(at place: Int, of own: [Double], on communicator: any Communicator) throws -> Double {
    var selection = RadixSelection(orders: [place])
    while !selection.isResolved {
      own.withUnsafeBufferPointer { selection.count($0) }
      selection.narrow(by: try communicator.sum(counts: selection.counts))
    }
    return selection.values[0]
  }

  /// What widens the intervals of the arm: the score at place ⌈(n + 1) level⌉ of n, with a donor those of the others; nil
  /// where they are too few.
  func factor(without unit: Int? = nil) -> Double? {
    guard let unit, !unscored.contains(unit) else {
      return rule.order(of: count).map { largest[$0 - 1 - firstPlace].ratio }
    }
    return rule.order(of: count - 1).map { order in
      // A score that is not among the largest lies before them.
      let isBefore = (places[unit] ?? 0) <= order - 1
      return largest[order - 1 + (isBefore ? 1 : 0) - firstPlace].ratio
    }
  }
}
