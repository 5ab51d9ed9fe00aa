/// Finds the values at given places of a sorted column by counting, digit by digit, from the most significant.
///
/// A value's key is its bit pattern, mapped so that keys order as values do; it is read as six digits of 11 bits. The
/// digits already known of the wanted values form a trie, whose leaves count the digits that follow.
public struct RadixSelection {
  private static let digitBits = 11
  private static let digitCount = 1 << digitBits
  private static let lastLevel = 5

  /// A wanted place among the values that share its prefix.
  private struct Target {
    var prefix: UInt64 = 0
    var leaf = 0
    var order: Int
  }

  private var targets: [Target]
  private var level = 0
  /// For every inner node of the trie and every digit, the child; or -1 where no wanted value lies.
  private var children: [Int32] = []
  /// Where, among the nodes of the trie, each level begins; its nodes are numbered from 0.
  private var levelStarts: [Int] = []
  /// The counts of this level: one row of digits for each leaf.
  public private(set) var counts: [Int64]

  /// - Parameter orders: the wanted places, from 0, ascending.
  public init(orders: [Int]) {
    targets = orders.map { Target(order: $0) }
    counts = [Int64](repeating: 0, count: Self.digitCount)
  }

  /// Whether the values are found.
  public var isResolved: Bool { level > Self.lastLevel }

  /// The values at the wanted places.
  public var values: [Double] {
    targets.map { Double(bitPattern: $0.prefix >> 63 == 1 ? $0.prefix & ~(1 << 63) : ~$0.prefix) }
  }

  /// The key of a value; both zeros have one key.
  private static func key(_ value: Double) -> UInt64 {
    let bits = (value + 0).bitPattern
    return bits >> 63 == 1 ? ~bits : bits | 1 << 63
  }

  /// The digit at a level, and where it stands in the key: the last one takes the 9 bits that are left.
  private static func digit(_ key: UInt64, _ level: Int) -> Int {
    level < lastLevel
      ? Int(truncatingIfNeeded: key &>> shift(level)) & (digitCount - 1)
      : Int(truncatingIfNeeded: key & 0x1FF)
  }

  private static func shift(_ level: Int) -> UInt64 {
    level < lastLevel ? UInt64(truncatingIfNeeded: 53 - digitBits * level) : 0
  }

  /// Counts the next digit of the values that share a prefix with a wanted one.
  ///
  /// - Parameter frequencies: how many times each value is there; nil for once. Missing values are passed over then.
  public mutating func count(_ values: UnsafeBufferPointer<Double>, _ frequencies: UnsafePointer<Double>? = nil) {
    guard !isResolved else { return }
    counts.withUnsafeMutableBufferPointer { counts in
      children.withUnsafeBufferPointer { children in
        for row in values.indices {
          let key = Self.key(values[row])
          var node = 0
          var depth = 0
          while depth < level && node >= 0 {
            node = Int(children[(levelStarts[depth] + node) * Self.digitCount + Self.digit(key, depth)])
            depth += 1
          }
          guard node >= 0 else { continue }
          let place = node * Self.digitCount + Self.digit(key, level)
          if let frequencies {
            if !values[row].isNaN { counts[place] += Int64(frequencies[row]) }
          } else {
            counts[place] += 1
          }
        }
      }
    }
  }

  /// Takes the counts of all ranks, and settles the next digit of every target.
  public mutating func narrow(by counts: [Int64]) {
    guard !isResolved else { return }
    let leafCount = self.counts.count / Self.digitCount
    levelStarts.append(children.count / Self.digitCount)
    var next = [Int32](repeating: -1, count: leafCount * Self.digitCount)
    var nextLeaves: Int32 = 0
    for index in targets.indices {
      let row = targets[index].leaf * Self.digitCount
      var digit = 0
      while targets[index].order >= Int(counts[row + digit]) {
        targets[index].order -= Int(counts[row + digit])
        digit += 1
      }
      if next[row + digit] < 0 {
        next[row + digit] = nextLeaves
        nextLeaves += 1
      }
      targets[index].leaf = Int(next[row + digit])
      targets[index].prefix |= UInt64(digit) << Self.shift(level)
    }
    children += next
    level += 1
    self.counts = isResolved ? [] : [Int64](repeating: 0, count: Int(nextLeaves) * Self.digitCount)
  }
}
