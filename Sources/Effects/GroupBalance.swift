import LinearAlgebra
import Mixture
import Statistics

/// Whether covariates are alike in all groups, as they are where the group is as good as drawn by lot.
public struct GroupBalance: Sendable, Codable, Equatable {
  /// How two groups differ, with group weights for membership.
  public struct Pair: Sendable, Codable, Equatable {
    public let first: Int
    public let second: Int
    /// Of each covariate the difference of means in pooled standard deviations, ((s_1² + s_2²) / 2)^½.
    public let differences: [Double]
    /// Of each covariate s_1² / s_2²; nil where the second group has one value.
    public let varianceRatios: [Double?]
  }

  public let pairs: [Pair]
  /// Wald's test, robust, of E[(Z_k - π_k)(x, x²)] = 0 for all groups and covariates; nil where there is nothing to test.
  public let wald: ChiSquareTest?
  /// The test of the whole law of x.
  public let kernel: KernelBalance
  /// Whether the shares of groups do not depend on covariates. Where they do by the model, groups need not be balanced,
  /// and the tests are of Z_k - π_k(x); that the π_k(x) are estimated makes Wald's test keep below its level.
  public let isRequired: Bool

  /// The difference from which on a covariate counts as unbalanced (Austin 2009).
  public static let noticeableDifference = Balance.noticeableDifference
  /// Estimated labels reject a little too often at .05, so the verdict is given at this level.
  public static let level = 0.01

  public var largestDifference: Double { pairs.flatMap(\.differences).reduce(0) { max($0, abs($1)) } }
  /// Whether a test rejects.
  public var isRejected: Bool { leastPValue < Self.level }
  public var leastPValue: Double { min(wald?.pValue ?? 1, kernel.pValue) }
}

/// How certain the group of a row is.
public struct LabelCertainty: Sendable, Codable, Equatable {
  /// The mean of -Σ Z_k log Z_k.
  public let entropy: Double
  /// The same as a share of log K, that of a row of which nothing is known.
  public let share: Double
  /// (Σ v Z_k)² / Σ (v Z_k)² of each group.
  public let sizes: [Double]

  /// From which share on the groups count as weak: labels are then uncertain enough that standard errors which take them as
  /// given are too short. On rows of Linear-3-3 the likeliest group is then right in eight rows of ten or fewer.
  public static let weakShare = 0.3
  /// The same where the instruments explain less than half of t, so that less of what they tell is left to lose.
  public static let weakShareOfFaintGroups = 0.2

  /// - Parameter partialRSquared: of the instruments in the first stage of t.
  public static func weakShare(partialRSquared: Double) -> Double {
    partialRSquared < 0.5 ? weakShareOfFaintGroups : weakShare
  }
}

extension GroupBalance {
  /// One pass. Collective.
  static func measured(_ design: EffectDesign, seed: UInt64) throws -> (balance: GroupBalance, labels: LabelCertainty) {
    let table = design.table
    let sample = BalanceSample(rows: table.rows, groups: design.groups.groupCount, seed: seed)
    var sampled: [[Double]] = []
    var isRequired = true
    let terms = BalanceTerms(design)
    let zero = BalanceSums(groups: terms.groupCount, covariates: terms.covariateCount)
    let sums = try table.rows.sum(zero) { sums, chunk in
      isRequired = try !terms.add(chunk, to: &sums, sampling: sample, &sampled)
    }
    // A rank without rows has not seen it.
    isRequired = try table.rows.communicator.sum(counts: [isRequired ? 0 : 1])[0] == 0
    let kernel = try KernelBalance(
      sample.gathered(sampled, on: table.rows.communicator), shares: terms.order.map { design.index.shares[$0] },
      isExchangeable: isRequired, seed: seed, on: table.rows.communicator)
    let balance = GroupBalance(
      pairs: sums.pairs, wald: sums.wald, kernel: kernel, isRequired: isRequired)
    return (balance, sums.labels)
  }
}
