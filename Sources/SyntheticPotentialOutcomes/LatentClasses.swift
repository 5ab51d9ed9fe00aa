import LinearAlgebra

/// The classes of the mixture: how large they are, what the outcome would be in them under each arm, and what their
/// proxies are like. Ordered by the effect of the first contrast.
struct LatentClasses: Sendable, Equatable {
  /// P(u).
  var shares: [Double]
  /// E[Y_t | u]: `means[t][u]`.
  var means: [[Double]]
  /// E[φ_X | u] in whitened coordinates: `features[u]`.
  var features: [[Double]]

  var count: Int { shares.count }

  func effects(_ treated: Int, _ control: Int) -> [Double] {
    zip(means[treated], means[control]).map { $0 - $1 }
  }

  /// The same classes in another order.
  func ordered(_ order: [Int]) -> LatentClasses {
    LatentClasses(
      shares: order.map { shares[$0] }, means: means.map { means in order.map { means[$0] } },
      features: order.map { features[$0] })
  }

  /// By the effect of a contrast, then by share.
  func ordered(by treated: Int, _ control: Int) -> LatentClasses {
    let effects = effects(treated, control)
    return ordered(
      shares.indices.sorted { (effects[$0], shares[$0], $0) < (effects[$1], shares[$1], $1) })
  }

  /// In the order in which they are nearest to others: the matching with the least sum of squares of the differences of
  /// shares and effects.
  func matched(to other: LatentClasses, _ treated: Int, _ control: Int) -> LatentClasses {
    let (mine, others) = (effects(treated, control), other.effects(treated, control))
    let cost = others.indices.map { u in
      mine.indices.map { v in
        let (effect, share) = (mine[v] - others[u], shares[v] - other.shares[u])
        return effect * effect + share * share
      }
    }
    return ordered(leastAssignment(cost))
  }

  /// Shares, then means arm by arm.
  var parameters: [Double] { shares + means.flatMap { $0 } }
}

/// For each row of a square table of costs a column of its own, so that the sum of costs is least: by the best completion
/// of every set of columns, 2^k k operations.
func leastAssignment(_ cost: [[Double]]) -> [Int] {
  let count = cost.count
  var best = Array(repeating: Double.infinity, count: 1 << count)
  var choice = Array(repeating: 0, count: 1 << count)
  best[0] = 0
  for set in 1..<1 << count {
    // The row that the last of so many columns goes to.
    let row = set.nonzeroBitCount - 1
    for column in 0..<count where set >> column & 1 == 1 {
      let sum = best[set & ~(1 << column)] + cost[row][column]
      if sum < best[set] { (best[set], choice[set]) = (sum, column) }
    }
  }
  var result = Array(repeating: 0, count: count)
  var set = (1 << count) - 1
  for row in (0..<count).reversed() {
    result[row] = choice[set]
    set &= ~(1 << choice[set])
  }
  return result
}

/// Why there are no classes.
struct NoClasses: Error, Equatable {
  enum Reason: Equatable {
    /// The operators have complex eigenvalues.
    case complex
    /// Two effects, or the equations for them, are the same to rounding.
    case degenerate
  }
  let reason: Reason
}
