import CausalGraphs
import LinearAlgebra
import Statistics

/// Whether an answer is the same for all values of its free inputs, as the graph says.
///
/// With d the differences of the answer between levels of the free inputs and C their jackknife covariance of B blocks,
/// d'C⁻¹d (B - q) / (q (B - 1)) is compared with F(q, B - q), q being the rank of C. Where there are more than
/// ``mostDifferences``, they are averaged over the levels of what is set; where there are still more, C⁻¹ takes the
/// largest of its directions.
struct InvarianceTest {
  static let mostDifferences = 12
  /// The largest share of an answer through cells with few rows at which its differences count.
  static let mostRareShare = 0.2

  /// The combinations of levels whose answers are compared: of what is set and given, and for each, of the free inputs.
  private let compared: [(base: [Int: Int], free: [[Int: Int]])]
  /// The levels of the outcome, but one, for probabilities add up to 1.
  private let outcomes: [[Int: Int]]

  /// - Returns: nil where there are no free inputs, or no differences that vary.
  static func test(_ plan: IdentificationPlan, _ jackknife: Jackknife<InterventionalLaw>) throws -> FTest? {
    guard !plan.freeInputs.isEmpty else { return nil }
    let comparison = InvarianceTest(plan, jackknife.whole)
    let isMany = comparison.differences(jackknife.whole, averaged: false).count > mostDifferences
    let found = comparison.differences(jackknife.whole, averaged: isMany)
    guard !found.isEmpty,
      let covariance = jackknife.covariance({ comparison.differences($0, averaged: isMany) })
    else { return nil }
    return try test(found, covariance, replicates: jackknife.replicates.count, mostDirections: mostDifferences)
  }

  /// Of differences being 0, by their covariance from so many replicates, along its largest directions.
  static func test(
    _ differences: [Double], _ covariance: Matrix, replicates: Int, mostDirections: Int
  ) throws -> FTest? {
    let eigen = try SymmetricEigen(covariance)
    let largest = eigen.values.last ?? 0
    guard largest > 0 else { return nil }
    let directions = eigen.values.indices.reversed().filter { eigen.values[$0] > 1e-9 * largest }
      .prefix(mostDirections)
    let wald = directions.reduce(0.0) { sum, column in
      let projection = differences.indices.reduce(0.0) { $0 + differences[$1] * eigen.vectors[$1, column] }
      return sum + projection * projection / eigen.values[column]
    }
    let (rank, blocks) = (Double(directions.count), Double(replicates))
    guard blocks > rank else { return nil }
    return FTest(
      statistic: wald * (blocks - rank) / (rank * (blocks - 1)), numerator: rank, denominator: blocks - rank)
  }

  private init(_ plan: IdentificationPlan, _ whole: InterventionalLaw) {
    let bases = whole.rareShareByFreeInputs.combinations(
      of: whole.rareShareByFreeInputs.scope.filter {
        !plan.freeInputs.contains($0)
      })
    let free = whole.freeLaw.combinations(of: plan.freeInputs)
    compared = bases.map { base in
      (base, free.filter { whole.rareShareByFreeInputs.value(at: base.merging($0) { $1 }) <= Self.mostRareShare })
    }
    outcomes = whole.law.combinations(of: plan.query.outcome.sorted()).dropLast()
  }

  /// What the answer at the levels of the free inputs differs from that at the first of them.
  private func differences(_ law: InterventionalLaw, averaged: Bool) -> [Double] {
    func answer(_ base: [Int: Int], _ free: [Int: Int], _ outcome: [Int: Int]) -> Double {
      law.lawByFreeInputs.value(at: base.merging(free) { $1 }.merging(outcome) { $1 })
    }
    guard averaged else {
      return compared.flatMap { base, free in
        free.dropFirst().flatMap { level in
          outcomes.map { answer(base, level, $0) - answer(base, free[0], $0) }
        }
      }
    }
    let common = (compared.first?.free ?? []).filter { level in compared.allSatisfy { $0.free.contains(level) } }
    return common.dropFirst().flatMap { level in
      outcomes.map { outcome in
        compared.reduce(0) { $0 + answer($1.base, level, outcome) - answer($1.base, common[0], outcome) }
          / Double(compared.count)
      }
    }
  }
}
