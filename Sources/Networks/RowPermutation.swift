import LinearAlgebra

/// A pseudo-random order of 0 ..< count in which any place is computed alone, without memory for the others.
///
/// A Feistel network over the least power of two that holds `count`, walked until it falls below `count` (Black and
/// Rogaway 2002): a bijection whatever the round function.
public struct RowPermutation: Sendable {
  private static let rounds = 6

  public let count: Int
  private let keys: [UInt64]
  /// The bits of the lower and the upper half.
  private let low: UInt64
  private let high: UInt64

  /// - Parameter index: tells the permutations of one seed apart.
  public init(count: Int, seed: UInt64, index: Int) {
    precondition(count > 0, "a permutation has elements")
    self.count = count
    let random = CounterRandom(seed: seed, stream: .minibatches)
    keys = (0..<Self.rounds).map { round in
      let words = random.bits(row: index, draw: round)
      return UInt64(words[0]) | UInt64(words[1]) << 32
    }
    let bits = UInt64(max(2, Int.bitWidth - (count - 1).leadingZeroBitCount))
    low = bits / 2
    high = bits - low
  }

  /// The element at a place.
  ///
  /// - Precondition: `0 <= place < count`.
  public subscript(place: Int) -> Int {
    var value = UInt64(place)
    repeat { value = encrypted(value) } while value >= UInt64(count)
    return Int(value)
  }

  /// Each round changes one half by a function of the other, in turn.
  private func encrypted(_ value: UInt64) -> UInt64 {
    var (left, right) = (value >> low, value & (1 << low - 1))
    keys.withUnsafeBufferPointer { keys in
      for round in stride(from: 0, to: Self.rounds, by: 2) {
        left = (left ^ Self.mixed(right ^ keys[round])) & (1 << high - 1)
        right = (right ^ Self.mixed(left ^ keys[round + 1])) & (1 << low - 1)
      }
    }
    return left << low | right
  }

  /// The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
  private static func mixed(_ value: UInt64) -> UInt64 {
    var z = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Which global rows make up each minibatch: a new random order of all rows, or of some, in every epoch.
public struct MinibatchSampler: Sendable {
  /// The number of rows that are drawn from.
  public let rowCount: Int
  /// The rows of a minibatch, at most all.
  public let batchSize: Int
  private let seed: UInt64
  /// The global rows that are drawn from; nil for all.
  private let subset: [Int]?

  /// - Parameter subset: the only global rows to draw from; nil for all `rowCount` of them.
  public init(rowCount: Int, among subset: [Int]? = nil, batchSize: Int, seed: UInt64) {
    let rowCount = subset?.count ?? rowCount
    precondition(rowCount > 0 && batchSize > 0, "minibatches are drawn from some rows")
    self.rowCount = rowCount
    self.subset = subset
    self.batchSize = min(batchSize, rowCount)
    self.seed = seed
  }

  /// Minibatches of an epoch; the rows that are left over differ from epoch to epoch.
  public var stepsPerEpoch: Int { rowCount / batchSize }

  /// The global rows of the minibatch of a step, counted from 0 through all epochs.
  public func rows(ofStep step: Int) -> [Int] {
    let order = RowPermutation(count: rowCount, seed: seed, index: step / stepsPerEpoch)
    let first = step % stepsPerEpoch * batchSize
    return (first..<first + batchSize).map { place in
      let row = order[place]
      return subset?[row] ?? row
    }
  }
}
