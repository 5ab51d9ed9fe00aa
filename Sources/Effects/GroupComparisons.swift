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

  /// Groups up to which pairs are told: three passes for each of 45.
  public static let mostPaired = 10
}

extension GroupComparisons {
  /// Three passes for each subset of groups, which with three groups are the pairs, and one for the errors of all
  /// differences. Collective.
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
    var fits: [[Int]: GroupSubset] = [:]
    for members in withoutOne + couples where fits[members] == nil {
      fits[members] = try GroupSubset(design, functions, members, slope: slope, answer)
    }
    let rest = withoutOne.map { fits[$0]! }
    let errors = try Self.errors(
      of: rest, against: GroupSubset(design, functions, whole: whole), slope: slope, answer)
    leftOut = zip(rest, errors).enumerated().map { k, fit in
      LeftOutGroup(
        group: k, rest: fit.0.estimate,
        difference: fit.0.estimate.slope.map { $0.estimate - answer.averageSlope.estimate }, standardError: fit.1)
    }
    pairs = couples.map { fits[$0]!.estimate }
  }

  /// The standard errors of what subsets give less what all groups give; nil for a subset without estimate. One pass.
  private static func errors(
    of subsets: [GroupSubset], against whole: GroupSubset, slope: [Double], _ answer: EffectAnswer
  ) throws -> [Double?] {
    func influence(_ subset: GroupSubset) throws -> RowInfluence? {
      try subset.regression.map {
        try RowInfluence($0, answer.method.estimator, answer.covarianceKind, combination: slope)
      }
    }
    let own = try influence(whole)!
    let others = try subsets.map(influence)
    var ways: [Int] = []
    if case .clustered(let clusterings) = answer.covarianceKind { ways = clusterings }
    let variances = InfluenceVariances(ways.map { whole.rows.clusterings[$0].count }, columns: others.count)
    let sums = try whole.rows.rows.sum(variances.zeros) { sums, chunk in
      let stride = Kernel.paddedCount(whole.rows.table.rowCount(chunk))
      let buffer = AlignedBuffer(count: (others.count + 2) * stride)
      let (first, loadings) = (buffer.pointer + others.count * stride, buffer.pointer + (others.count + 1) * stride)
      for (column, (subset, influence)) in zip(subsets, others).enumerated() {
        guard let influence else { continue }
        try subset.rows.withChunk(chunk) { block in
          influence.fill(block, influences: buffer.pointer + column * stride, loadings: loadings)
        }
      }
      try whole.rows.withChunk(chunk) { block in
        own.fill(block, influences: first, loadings: loadings)
        for column in others.indices {
          for row in 0..<block.rowCount { buffer.pointer[column * stride + row] -= first[row] }
        }
        variances.add(
          UnsafePointer(buffer.pointer), frequencies: block.frequencies, stride: stride, rowCount: block.rowCount,
          clusters: ways.map { block.clusters[$0] }, to: &sums)
      }
    }
    return zip(variances.values(sums), others).map { variance, influence in
      influence.flatMap { _ in variance >= 0 ? variance.squareRoot() : nil }
    }
  }
}

/// A regression with some of the groups.
private struct GroupSubset {
  let rows: EffectRows
  /// Nil where the groups do not identify the functions of t.
  let regression: InstrumentalRegression?
  let estimate: GroupSubsetEstimate

  /// All groups.
  init(_ design: EffectDesign, _ functions: OutcomeFunctions, whole: InstrumentalRegression) {
    rows = design.rows([functions], design.instruments(functions))
    regression = whole
    estimate = GroupSubsetEstimate(
      groups: Array(0..<design.groups.groupCount), slope: nil, effectiveF: nil, reason: nil)
  }

  /// Three passes. Collective.
  init(
    _ design: EffectDesign, _ functions: OutcomeFunctions, _ members: [Int], slope: [Double], _ answer: EffectAnswer
  ) throws {
    rows = design.rows([functions], design.instruments(functions), members: members)
    do {
      let found = try InstrumentalRegression(rows)
      let fitted = try found.estimate(answer.method.estimator, covariance: answer.covarianceKind)
      estimate = GroupSubsetEstimate(
        groups: members,
        slope: EffectEstimate(
          "average slope", slope, fitted.coefficients, fitted.covariance,
          fitted.degreesOfFreedom.map { .student(degreesOfFreedom: $0) } ?? .normal),
        effectiveF: try found.firstStage().first?.effectiveF, reason: nil)
      regression = found
    } catch let failure as Failure where failure.exitCode == .data || failure.exitCode == .numerical {
      regression = nil
      estimate = GroupSubsetEstimate(groups: members, slope: nil, effectiveF: nil, reason: failure.message)
    }
  }
}

/// Variances of sums of influences: Σ ψ² over rows, or over clusters, in two ways by inclusion and exclusion.
private struct InfluenceVariances {
  /// The clusters of each way, and then of both at once; empty for independent rows.
  private let cells: [Int]
  private let ways: [Int]
  private let columns: Int

  init(_ ways: [Int], columns: Int) {
    self.ways = ways
    self.columns = columns
    cells = ways.count == 2 ? ways + [ways[0] * ways[1]] : ways
  }

  var zeros: [Double] { Array(repeating: 0, count: max(1, cells.reduce(0, +)) * columns) }

  /// - Parameters:
  ///   - values: ψ of column j and row i at `j * stride + i`.
  ///   - frequencies: how many observations each row stands for; nil for one.
  func add(
    _ values: UnsafePointer<Double>, frequencies: UnsafePointer<Double>?, stride: Int, rowCount: Int,
    clusters: [UnsafePointer<Int64>], to sums: inout [Double]
  ) {
    for column in 0..<columns {
      let own = values + column * stride
      guard !ways.isEmpty else {
        for row in 0..<rowCount { sums[column] += (frequencies?[row] ?? 1) * own[row] * own[row] }
        continue
      }
      for row in 0..<rowCount {
        let codes = clusters.map { Int($0[row]) }
        let places = codes.count == 2 ? codes + [codes[0] * ways[1] + codes[1]] : codes
        var start = 0
        for (place, cell) in zip(places, cells) {
          sums[(start + place) * columns + column] += (frequencies?[row] ?? 1) * own[row]
          start += cell
        }
      }
    }
  }

  func values(_ sums: [Double]) -> [Double] {
    guard !ways.isEmpty else { return sums }
    return (0..<columns).map { column in
      var (start, total) = (0, 0.0)
      for (way, cell) in cells.enumerated() {
        let own = (start..<start + cell).map { sums[$0 * columns + column] }
        let squares = own.reduce(0) { $0 + $1 * $1 }
        total += way < 2 ? squares : -squares
        start += cell
      }
      return total
    }
  }
}
