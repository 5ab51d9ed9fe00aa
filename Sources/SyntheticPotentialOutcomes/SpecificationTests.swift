import LinearAlgebra
import Statistics

/// Tests of what the answers rest on: each asks whether a matrix that would have rank k has a larger one.
///
/// - Z excluded, no arrow from the treatment's proxies to the outcome's or to y: E[φ_Z (φ_X, y φ_X)' | t].
/// - X excluded, no arrow from the outcome's proxies to y: E[(φ_Z, y φ_Z) φ_X' | t].
/// - X untouched by the treatment: E[φ_Z φ_X' 1_t], stacked over arms.
///
/// The first two have a test in each arm, of rows that are not those of the other arms, so that statistics and degrees of
/// freedom add up. A test that has no degrees of freedom cannot be made. The third would always pass at the rank that the
/// stacked arms show, so it is made at the rank that arms show one by one, where that is less.
struct SpecificationTests: Sendable {
  /// Nil where the arm has no feature to spare.
  let treatmentProxiesExcluded: [ChiSquareTest?]
  let outcomeProxiesExcluded: [ChiSquareTest?]
  let outcomeProxiesUntouched: ChiSquareTest?

  /// - Parameter isGiven: whether the rank was asked for rather than found.
  init(_ arms: [ArmMoments], _ whitened: WhitenedArms, rank: Int, isGiven: Bool) throws {
    treatmentProxiesExcluded = try arms.map { arm in
      let cross = Matrix.beside(arm.crossProducts(0), arm.crossProducts(1))
      return try arm.rank(
        cross, arm.treatmentProducts(0),
        .augmented(arm.outcomeProducts(0), arm.outcomeProducts(1), arm.outcomeProducts(2))
      ).test(rank)
    }
    outcomeProxiesExcluded = try arms.map { arm in
      let cross = Matrix.stacked([arm.crossProducts(0), arm.crossProducts(1)])
      return try arm.rank(
        cross, .augmented(arm.treatmentProducts(0), arm.treatmentProducts(1), arm.treatmentProducts(2)),
        arm.outcomeProducts(0)
      ).test(rank)
    }
    outcomeProxiesUntouched = whitened.canonical.test(isGiven ? rank : try min(rank, Self.rankWithinArms(arms)))
  }

  /// The least rank that the arms, each by itself, do not refuse together.
  private static func rankWithinArms(_ arms: [ArmMoments]) throws -> Int {
    let ranks = try arms.map { try $0.rank($0.crossProducts(0), $0.treatmentProducts(0), $0.outcomeProducts(0)) }
    var rank = 1
    while let test = joint(ranks.map { $0.test(rank) }), test.pValue <= CanonicalRank.level { rank += 1 }
    return rank
  }

  /// The tests of all arms in one; nil where no arm has one.
  static func joint(_ tests: [ChiSquareTest?]) -> ChiSquareTest? {
    let made = tests.compactMap { $0 }
    guard !made.isEmpty else { return nil }
    return ChiSquareTest(
      statistic: made.reduce(0) { $0 + $1.statistic }, degreesOfFreedom: made.reduce(0) { $0 + $1.degreesOfFreedom })
  }
}

extension ArmMoments {
  fileprivate func rank(_ cross: Matrix, _ left: Matrix, _ right: Matrix) throws -> CanonicalRank {
    let scale = 1 / weight
    return try CanonicalRank(
      scale * cross, scale * left, scale * right, rowCount: weight * weight / weightSquares)
  }
}

extension Matrix {
  /// [A B].
  fileprivate static func beside(_ left: Matrix, _ right: Matrix) -> Matrix {
    stacked([left.transposed, right.transposed]).transposed
  }

  /// The second moments of (φ, yφ): [[P_0, P_1], [P_1, P_2]].
  fileprivate static func augmented(_ zero: Matrix, _ one: Matrix, _ two: Matrix) -> Matrix {
    stacked([beside(zero, one), beside(one, two)])
  }
}
