/// A correction of p-values for the number of tests that they come from.
public enum MultipleTesting: String, Sendable, Codable, CaseIterable {
  /// The chance of any false rejection stays below the level: m p (Bonferroni 1936).
  case bonferroni
  /// The same, with more power: max_{j ≤ i} (m - j + 1) p_(j) (Holm 1979).
  case holm
  /// The expected share of false ones among the rejections stays below the level, for independent or positively
  /// dependent tests: min_{j ≥ i} m p_(j) / j (Benjamini and Hochberg 1995).
  case benjaminiHochberg

  /// The adjusted p-values in the order of `pValues`: a test is rejected at a level when its value is at most that.
  ///
  /// - Precondition: all lie between 0 and 1.
  public func adjusted(_ pValues: [Double]) -> [Double] {
    precondition(pValues.allSatisfy { $0 >= 0 && $0 <= 1 }, "a p-value lies between 0 and 1")
    let count = Double(pValues.count)
    let ascending = pValues.indices.sorted { pValues[$0] < pValues[$1] }
    var result = pValues
    var bound: Double
    switch self {
    case .bonferroni:
      for i in pValues.indices { result[i] = min(count * pValues[i], 1) }
    case .holm:
      bound = 0
      for (rank, i) in ascending.enumerated() {
        bound = max(bound, min((count - Double(rank)) * pValues[i], 1))
        result[i] = bound
      }
    case .benjaminiHochberg:
      bound = 1
      for (rank, i) in ascending.enumerated().reversed() {
        bound = min(bound, count * pValues[i] / Double(rank + 1))
        result[i] = bound
      }
    }
    return result
  }
}
