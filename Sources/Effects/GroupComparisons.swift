import Communication
import Diagnostics
import InstrumentalVariables
import LinearAlgebra

/// The average slope that some of the groups give, by the method that comes first.
public struct GroupSubsetEstimate: Sendable, Codable, Equatable {
  /// Their places in the run's order.
  public let groups: [Int]
  /// Nil where they do not identify it.
  public let slope: EffectEstimate?
  /// That of the first function of t.
  public let effectiveF: Double?
  /// Why there is no slope.
  public let reason: String?
}

/// The average slope without one group, beside that of all.
public struct LeftOutGroup: Sendable, Codable, Equatable {
  public let group: Int
  public let rest: GroupSubsetEstimate
  /// That of the others less that of all.
  public let difference: Double?
  /// Of the difference: the root of Σ (ψ_i - ψ_i')², ψ and ψ' the influences of row i on the slopes with and without the
  /// group, or of the same with rows summed by cluster first.
  public let standardError: Double?
  /// The difference over its error: beyond 2 or so the group tells another story than the others.
  public var z: Double? { difference.flatMap { d in standardError.flatMap { $0 > 0 ? d / $0 : nil } } }
}

/// The average slope from some of the groups alone: whether one of them drives the answer.
///
/// Rows weigh v_i (1 - Z_ik) without group k, and v_i (Z_ik + Z_il) with the pair (k, l); the weights of the groups that
/// stay are divided by their sum, and recentred by their shares divided by theirs. What the groups give at x, the form of
/// the outcome and the weights of the slope on its coefficients stay as they are, so that all estimates are of one thing.
public struct GroupComparisons: Sendable, Codable, Equatable {
  /// One for each group; empty with two groups, which leave none behind to compare.
  public let leftOut: [LeftOutGroup]
  /// Every two groups alone; empty with two groups, which are the whole, and with more than ``mostPaired``.
  public let pairs: [GroupSubsetEstimate]

  /// Groups up to which pairs are told: a regression for each of 45.
  public static let mostPaired = 10
}

extension GroupComparisons {
  /// Three passes for all subsets of groups, and one for the errors of all differences. Collective.
  init(
    _ design: EffectDesign, _ functions: OutcomeFunctions, _ whole: InstrumentalRegression, slope: [Double],
    _ answer: EffectAnswer
  ) throws {
    let groupCount = design.groups.groupCount
    guard groupCount > 2 else {
      (leftOut, pairs) = ([], [])
      return
    }
    let all = Array(0..<groupCount)
    let withoutOne = all.map { k in all.filter { $0 != k } }
    let couples =
      groupCount > Self.mostPaired ? [] : all.flatMap { k in all.filter { $0 > k }.map { [k, $0] } }
    let members = withoutOne + couples.filter { !withoutOne.contains($0) }
    let family = GroupSubsets(design, functions, members)
    let regressions = try InstrumentalRegression.all(family)
    let estimates = try zip(members, regressions).map { try GroupSubsetEstimate($0, $1, slope: slope, answer) }
    let influences = try zip(estimates, regressions).prefix(groupCount).map { estimate, regression in
      try estimate.slope.map { _ in try Self.influence(regression.get(), slope, answer) }
    }
    let errors = try Self.errors(
      of: influences, against: Self.influence(whole, slope, answer),
      GroupSubsets(design, functions, withoutOne + [all]), answer)
    leftOut = zip(estimates, errors).enumerated().map { k, fit in
      LeftOutGroup(
        group: k, rest: fit.0,
        difference: fit.0.slope.map { $0.estimate - answer.averageSlope.estimate }, standardError: fit.1)
    }
    pairs = couples.map { estimates[members.firstIndex(of: $0)!] }
  }

  private static func influence(
    _ regression: InstrumentalRegression, _ slope: [Double], _ answer: EffectAnswer
  ) throws -> RowInfluence {
    try RowInfluence(regression, answer.method.estimator, answer.covarianceKind, combination: slope)
  }

  /// The standard errors of what subsets give less what all groups give; nil for a subset without estimate. One pass.
  ///
  /// - Parameter family: the subsets, and all groups last.
  private static func errors(
    of subsets: [RowInfluence?], against whole: RowInfluence, _ family: GroupSubsets, _ answer: EffectAnswer
  ) throws -> [Double?] {
    var ways: [Int] = []
    if case .clustered(let clusterings) = answer.covarianceKind { ways = clusterings }
    let products = InfluenceProducts(subsets.count, family.clusterings)
    let places = subsets.indices.filter { subsets[$0] != nil } + [subsets.count]
    let sums = try family.rows.sum(products.zeros) { sums, chunk in
      let stride = family.rows.grid.columnStride
      let buffer = AlignedBuffer(count: (subsets.count + 2) * stride)
      let (first, loadings) = (buffer.pointer + subsets.count * stride, buffer.pointer + (subsets.count + 1) * stride)
      try family.withChunk(chunk, of: places) { place, block in
        let influence = place < subsets.count ? subsets[place]! : whole
        influence.fill(block, influences: buffer.pointer + place * stride, loadings: loadings)
        guard place == subsets.count else { return }
        for column in subsets.indices {
          for row in 0..<block.rowCount { buffer.pointer[column * stride + row] -= first[row] }
        }
        products.add(buffer.pointer, stride: stride, of: block, to: &sums)
      }
    }
    return zip(products.covariance(sums, ways: ways).diagonal, subsets).map { variance, influence in
      influence.flatMap { _ in variance >= 0 ? variance.squareRoot() : nil }
    }
  }
}

/// The regressions with some of the groups each.
private struct GroupSubsets: InstrumentalFamily {
  private let subsets: [EffectRows]
  /// With all groups.
  private let whole: EffectRows

  var rows: DistributedRows { whole.rows }
  var names: [InstrumentalNames] { subsets.map(\.names) }
  var clusterings: [Clustering] { whole.clusterings }

  init(_ design: EffectDesign, _ functions: OutcomeFunctions, _ members: [[Int]]) {
    let instruments = design.instruments(functions)
    subsets = members.map { design.rows([functions], instruments, members: $0) }
    whole = design.rows([functions], instruments)
  }

  func withChunk(_ chunk: Int, of places: [Int], _ body: (Int, InstrumentalChunk) throws -> Void) throws {
    let shared = try EffectColumns(whole, chunk)
    for place in places { try subsets[place].withChunk(chunk, shared) { try body(place, $0) } }
  }
}

extension GroupSubsetEstimate {
  /// - Throws: what is no matter of the rows.
  fileprivate init(
    _ members: [Int], _ regression: Result<InstrumentalRegression, any Error>, slope: [Double], _ answer: EffectAnswer
  ) throws {
    do {
      let found = try regression.get()
      let fitted = try found.estimate(answer.method.estimator, covariance: answer.covarianceKind)
      self.init(
        groups: members,
        slope: EffectEstimate(
          "average slope", slope, fitted.coefficients, fitted.covariance,
          fitted.degreesOfFreedom.map { .student(degreesOfFreedom: $0) } ?? .normal),
        effectiveF: try found.firstStage().first?.effectiveF, reason: nil)
    } catch let failure as Failure where failure.exitCode == .data || failure.exitCode == .numerical {
      self.init(groups: members, slope: nil, effectiveF: nil, reason: failure.message)
    }
  }
}
