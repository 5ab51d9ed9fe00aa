/// How far the covariates of the groups are from balance; under the Unconfounded assumption they differ by chance only.
public struct Balance: Sendable, Equatable, Codable {
  /// The mean over pairs of groups of the squared distance between their covariate means: the paper's MMD. Nil for one
  /// group or an empty one.
  public let mmd: Double?
  /// The means of the covariates by group, about the pivot of the rows; the one of an empty group is nil.
  public let means: [[Double]?]
  /// Per covariate the largest absolute standardised mean difference over pairs of groups,
  /// (mean_i - mean_j) / sqrt((var_i + var_j) / 2).
  public let largestStandardizedDifferences: [Double]
  /// The covariates in which a pair of groups differs by more than ``noticeableDifference`` and by more than four standard
  /// errors of the difference, sqrt(1/n_i + 1/n_j) with effective n: in small groups chance alone reaches the former.
  public let unbalanced: [Int]

  /// The difference of covariate means, in standard deviations, from which on it is worth a finding (Austin 2009).
  public static let noticeableDifference = 0.1
  private static let standardErrors = 4.0

  public init(_ summary: LabelSummary) {
    let groups = (0..<summary.groupCount)
    means = groups.map(summary.mean)
    let variances = groups.map(summary.variance)
    var distances: [Double] = []
    var largest = Array(repeating: 0.0, count: summary.covariateCount)
    var isUnbalanced = Array(repeating: false, count: summary.covariateCount)
    var isComplete = summary.groupCount > 1
    for i in groups {
      for j in groups where j > i {
        guard let first = means[i], let second = means[j] else {
          isComplete = false
          continue
        }
        let differences = zip(first, second).map { $0 - $1 }
        distances.append(differences.reduce(0) { $0 + $1 * $1 })
        for (c, difference) in differences.enumerated() {
          let spread = ((variances[i]![c] + variances[j]![c]) / 2).squareRoot()
          let standardized = spread > 0 ? abs(difference) / spread : 0
          let chance = (1 / summary.effectiveCount(i) + 1 / summary.effectiveCount(j)).squareRoot()
          largest[c] = max(largest[c], standardized)
          if standardized > max(Self.noticeableDifference, Self.standardErrors * chance) { isUnbalanced[c] = true }
        }
      }
    }
    mmd = isComplete ? distances.reduce(0, +) / Double(distances.count) : nil
    largestStandardizedDifferences = largest
    unbalanced = isUnbalanced.indices.filter { isUnbalanced[$0] }
  }
}
