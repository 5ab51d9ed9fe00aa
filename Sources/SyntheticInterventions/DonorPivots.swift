import Communication
import LinearAlgebra

/// Whose donors are to be chosen: those of an arm but one, by their coordinates on some singular vectors.
struct PivotProblem: Sendable, Codable {
  let arm: Int
  /// -1 for no unit.
  let without: Int
  /// U'/scale [k, p]; no rows where there is no model.
  let rank: Int
  fileprivate let projection: [Double]
  fileprivate let scales: [Double]

  init(_ model: ArmModel?, arm: Int, without: Int = -1) {
    self.arm = arm
    self.without = without
    rank = model?.rank ?? 0
    scales = model?.scales ?? []
    projection =
      model.map { model in
        (0..<model.rank).flatMap { j in
          (0..<model.beforeCount).map { model.basis[$0, j] / model.scales[$0 % model.metricCount] }
        }
      } ?? []
  }

  fileprivate func coordinates(_ before: [Double]) -> [Double] {
    Matrix(rows: rank, columns: before.count, values: projection) * before
  }
}

/// QR with column pivoting of the donors' coordinates, whose columns lie on all ranks: in every round the donor of which
/// most is left comes next, the first of equals.
struct DonorPivots {
  /// A donor, and what the pivots so far leave of its coordinates.
  private struct Candidate {
    let unit: Int
    let coordinates: [Double]
    /// Over scales.
    let after: [Double]
    var rest: [Double]

    var square: Double { rest.reduce(0) { $0 + $1 * $1 } }

    /// The candidate as numbers: square, unit, rest, coordinates, after.
    var message: [Double] { [square, Double(unit)] + rest + coordinates + after }

    init(_ unit: Int, _ coordinates: [Double], _ after: [Double]) {
      self.unit = unit
      self.coordinates = coordinates
      self.after = after
      rest = coordinates
    }

    init(_ message: ArraySlice<Double>, rank: Int) {
      let numbers = Array(message)
      unit = Int(numbers[1])
      rest = Array(numbers[2..<2 + rank])
      coordinates = Array(numbers[2 + rank..<2 + 2 * rank])
      after = Array(numbers[(2 + 2 * rank)...])
    }
  }

  private let problem: PivotProblem
  /// Those of this rank.
  private var candidates: [Candidate] = []
  private var pivots: [Candidate] = []
  /// Numbers of a message.
  private let width: Int

  /// The choices of all problems, in as many rounds of messages as the largest rank; nil where there is no model.
  /// Collective.
  static func choose(_ problems: [PivotProblem], _ panel: PanelProblem, fills: Fills) throws -> [DonorChoice?] {
    let rows = panel.panel.frame.rows
    var pivots = problems.map { DonorPivots($0, panel) }
    try rows.communicator.agree {
      for chunk in rows.localChunks {
        let block = try UnitBlock(panel, chunk: chunk, fills: fills)
        for (row, unit) in block.units.enumerated() where panel.donorArms[unit] >= 0 {
          let (before, arm) = (block.values(row, 0..<panel.beforeCount), panel.donorArms[unit])
          let after = block.values(row, panel.afterCells(arm))
          for index in pivots.indices where problems[index].arm == arm && problems[index].without != unit {
            pivots[index].add(unit, before, after)
          }
        }
      }
    }
    for round in 0..<(problems.map(\.rank).max() ?? 0) {
      let active = pivots.indices.filter { problems[$0].rank > round }
      let offers = try rows.communicator.allGather(elements: active.flatMap { pivots[$0].offer })
      var start = 0
      for index in active {
        let end = start + pivots[index].width
        pivots[index].take(offers.map { $0[start..<end] })
        start = end
      }
    }
    return try pivots.map { try $0.choice(metricCount: panel.metrics.count) }
  }

  private init(_ problem: PivotProblem, _ panel: PanelProblem) {
    self.problem = problem
    width = 2 + 2 * problem.rank + panel.afterCells(problem.arm).count
  }

  private mutating func add(_ unit: Int, _ before: [Double], _ after: [Double]) {
    let scaled = after.indices.map { after[$0] / problem.scales[$0 % problem.scales.count] }
    candidates.append(Candidate(unit, problem.coordinates(before), scaled))
  }

  /// The best candidate of this rank; of a square below 0 where there is none.
  private var offer: [Double] {
    let best = candidates.max { ($0.square, -$0.unit) < ($1.square, -$1.unit) }
    return best?.message ?? [-1] + Array(repeating: 0, count: width - 1)
  }

  /// Takes the best of all ranks' offers for the next pivot.
  private mutating func take(_ offers: [ArraySlice<Double>]) {
    // Squares in descending order, then units in ascending order.
    let best = offers.max { ($0.first!, -$0[$0.startIndex + 1]) < ($1.first!, -$1[$1.startIndex + 1]) }!
    let pivot = Candidate(best, rank: problem.rank)
    pivots.append(pivot)
    candidates.removeAll { $0.unit == pivot.unit }
    let square = pivot.square
    guard square > 0 else { return }
    for index in candidates.indices {
      let share = zip(candidates[index].rest, pivot.rest).reduce(0) { $0 + $1.0 * $1.1 } / square
      for j in 0..<problem.rank { candidates[index].rest[j] -= share * pivot.rest[j] }
    }
  }

  private func choice(metricCount: Int) throws -> DonorChoice? {
    guard problem.rank > 0 else { return nil }
    return try DonorChoice(
      units: pivots.map(\.unit), coordinates: Matrix(pivots.map(\.coordinates)).transposed,
      after: Matrix(pivots.map(\.after)).transposed, metricCount: metricCount)
  }
}
