/// How many singular values of the donors' outcomes before are taken for signal.
public enum RankRule: Sendable, Codable, Equatable {
  /// Those above ω(β) times their median, β = min(p, n) / max(p, n) (Gavish and Donoho 2014, as an approximation).
  case universalThreshold
  /// The same with β = p / n even above 1, as published code has it: only to reproduce.
  case donoho
  /// The fewest whose squares make up this share of all.
  case energy(Double)
  case fixed(Int)

  /// ω(β) = .56 β³ - .95 β² + 1.82 β + 1.43.
  static func threshold(_ beta: Double) -> Double { ((0.56 * beta - 0.95) * beta + 1.82) * beta + 1.43 }

  /// The rank for singular values of a matrix [p, n], descending, all min(p, n) of them.
  ///
  /// At least 1, and at most min(p, n) - 1 and the number of values that are more than rounding.
  func rank(of values: [Double], rows p: Int, columns n: Int) -> Int {
    let found =
      switch self {
      case .universalThreshold, .donoho:
        values.count { $0 > threshold(values, rows: p, columns: n)! }
      case .energy(let share): Self.count(ofEnergy: share, values)
      case .fixed(let rank): rank
      }
    // Squares are what is known, to a share of about ε of the largest.
    let significant = values.count { $0 * $0 > Double(max(p, n)) * .ulpOfOne * values[0] * values[0] }
    return max(1, min(found, min(p, n) - 1, significant))
  }

  /// The value above which singular values are taken; nil where the rule has none.
  func threshold(_ values: [Double], rows p: Int, columns n: Int) -> Double? {
    switch self {
    case .universalThreshold: Self.threshold(Double(min(p, n)) / Double(max(p, n))) * values.median
    case .donoho: Self.threshold(Double(p) / Double(n)) * values.median
    case .energy, .fixed: nil
    }
  }

  private static func count(ofEnergy share: Double, _ values: [Double]) -> Int {
    let total = values.reduce(0) { $0 + $1 * $1 }
    var sum = 0.0
    for (index, value) in values.enumerated() {
      sum += value * value
      if sum >= share * total { return index + 1 }
    }
    return values.count
  }
}

extension [Double] {
  /// Of sorted numbers.
  fileprivate var median: Double { (self[(count - 1) / 2] + self[count / 2]) / 2 }
}
