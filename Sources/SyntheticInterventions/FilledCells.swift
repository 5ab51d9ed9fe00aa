import Communication
import Diagnostics
import LinearAlgebra
import Runs

/// Missing cells of donors, filled by a matrix of rank k: in rounds, the first k singular vectors U of all cells before and
/// after of an arm's donors, and for every donor the coefficients that fit its observed cells on U, which give the others.
///
/// Every round lowers the square error of the observed cells (iterated singular value decomposition; Troyanskaya et al.
/// 2001).
struct FilledCells: Sendable {
  private(set) var fills = Fills()
  /// By arm.
  private(set) var missing: [MissingCounts]
  /// Of the cells of all units in all windows.
  private(set) var shareMissing = 0.0
  /// Rounds that it took.
  private(set) var rounds = 0

  /// Collective.
  ///
  /// - Parameter count: missing cells of all units.
  /// - Throws: on all ranks the same ``Failure`` `data` that names a unit or a period without observed cells, or a donor
  ///   with too few.
  init(_ problem: PanelProblem, missing count: Int, in run: Run) throws {
    missing = Array(repeating: MissingCounts(), count: problem.armCount)
    fills.areNeeded = count > 0
    guard count > 0 else { return }
    let rowCount = problem.panel.frame.rows.rowCount
    shareMissing = Double(count) / Double(rowCount * problem.cellCount)
    let counts = try CellCounts.sum(problem)
    try counts.requireObserved(problem)
    missing = counts.byArm(problem)
    guard missing.contains(where: { $0.before + $0.after > 0 }) else { return }
    let state = try FillRounds(problem, counts).run(in: run)
    fills = try state.fills(problem, counts)
    rounds = state.rounds
  }
}

/// By arm and cell the observed donors and the sum of their outcomes.
struct CellCounts: Reducible {
  private let cellCount: Int
  var summands: [Double]

  private init(_ problem: PanelProblem) {
    cellCount = problem.cellCount
    summands = Array(repeating: 0, count: 2 * problem.armCount * problem.cellCount)
  }

  static func sum(_ problem: PanelProblem) throws -> CellCounts {
    try problem.panel.frame.rows.sum(CellCounts(problem)) { partial, chunk in
      let block = try UnitBlock(problem, chunk: chunk)
      for (row, unit) in block.units.enumerated() {
        let missing = block.missing[row] ?? []
        guard missing.count < problem.cellCount else {
          throw Failure(
            .data,
            "unit '\(problem.panel.units[unit])' has no outcome in any of the periods; leave it out with --exclude")
        }
        guard problem.donorArms[unit] >= 0 else { continue }
        var next = missing[...]
        for cell in 0..<problem.cellCount {
          if next.first == cell {
            next.removeFirst()
            continue
          }
          let place = partial.place(problem.donorArms[unit], cell)
          partial.summands[place] += 1
          partial.summands[place + 1] += block[cell][row]
        }
      }
    }
  }

  private func place(_ arm: Int, _ cell: Int) -> Int { 2 * (arm * cellCount + cell) }

  func observed(_ arm: Int, _ cell: Int) -> Int { Int(summands[place(arm, cell)]) }

  /// The mean of a cell over the donors that have it.
  func mean(_ arm: Int, _ cell: Int) -> Double { summands[place(arm, cell) + 1] / summands[place(arm, cell)] }

  func byArm(_ problem: PanelProblem) -> [MissingCounts] {
    (0..<problem.armCount).map { arm in
      let donors = problem.donorCount(arm)
      return MissingCounts(
        before: (0..<problem.beforeCount).reduce(0) { $0 + donors - observed(arm, $1) },
        after: problem.afterCells(arm).reduce(0) { $0 + donors - observed(arm, $1) })
    }
  }

  func requireObserved(_ problem: PanelProblem) throws {
    for arm in 0..<problem.armCount {
      for cell in problem.cells(arm) where observed(arm, cell) == 0 {
        throw Failure(
          .data,
          "no donor of arm '\(problem.names[arm])' has an outcome in period '\(problem.periodName(cell))'; choose "
            + "windows without it")
      }
    }
  }
}

/// The rounds of filling, whose state are the singular vectors of each arm.
private struct FillRounds {
  private static let mostRounds = 200
  /// Of the square sum of fills.
  private static let tolerance = 1e-14

  let problem: PanelProblem
  let counts: CellCounts

  init(_ problem: PanelProblem, _ counts: CellCounts) {
    self.problem = problem
    self.counts = counts
  }

  struct State: Codable {
    var rounds = 0
    var change = Double.infinity
    /// By arm U [cells, k], row after row; none before the first round.
    var bases: [[Double]] = []
    var ranks: [Int] = []
    /// How often ranks were found.
    var turns = 0

    func fills(_ problem: PanelProblem, _ counts: CellCounts) throws -> Fills {
      try FillRounds(problem, counts).fills(self, from: Fills()).fills
    }
  }

  func run(in run: Run) throws -> State {
    func told(_ state: State) -> Journal.Progress {
      Journal.Progress(passes: state.rounds, values: ["change": .number(state.change.squareRoot())])
    }
    return try run.journal.run("fill", from: State(), progress: told) { state, keep in
      var state = state
      var fills = try self.fills(state, from: Fills()).fills
      while true {
        let sums = try ArmSums.sum(problem, fills: fills)
        let moments = (0..<problem.armCount).map { sums.moments(problem, arm: $0) }
        if state.change < Self.tolerance || state.rounds % Self.mostRounds == 0 {
          // The rank of what was filled; when it is another, filling begins again from there.
          let ranks = try zip(moments, problem.rules).map { try ArmModel($0, rule: $1).rank }
          if ranks == state.ranks || state.turns == 3 { return state }
          (state.ranks, state.turns) = (ranks, state.turns + 1)
        }
        state.bases = try zip(moments, state.ranks).map { try Self.basis($0, rank: $1) }
        let next = try self.fills(state, from: fills)
        (fills, state.change) = (next.fills, next.change)
        state.rounds += 1
        try keep(state)
      }
    }
  }

  /// The first k singular vectors of all cells.
  private static func basis(_ moments: ArmMoments, rank: Int) throws -> [Double] {
    let count = moments.products.rows - 1
    var gram = moments.products.selecting(rows: Array(1...count), columns: Array(1...count))
    let scales = moments.scales
    for i in 0..<count {
      for j in 0..<count { gram[i, j] /= scales[i % scales.count] * scales[j % scales.count] }
    }
    let eigen = try SymmetricEigen(gram)
    // In own units, so that fills are.
    return (0..<count).flatMap { i in
      (0..<rank).map { eigen.vectors[i, count - 1 - $0] * scales[i % scales.count] }
    }
  }

  /// Fills of this rank's donors, and the square sum of their changes over theirs. Collective.
  func fills(_ state: State, from earlier: Fills) throws -> (fills: Fills, change: Double) {
    var fills = Fills()
    let sums = try problem.panel.frame.rows.sum([0.0, 0.0]) { partial, chunk in
      let block = try UnitBlock(problem, chunk: chunk)
      for row in block.missing.keys.sorted() {
        let unit = block.units.lowerBound + row
        let arm = problem.donorArms[unit]
        guard arm >= 0 else { continue }
        let cells = problem.cells(arm)
        let missing = Set(block.missing[row]!)
        let observed = cells.indices.filter { !missing.contains(cells[$0]) }
        let values = observed.map { block[cells[$0]][row] }
        let estimates =
          state.bases.isEmpty
          ? first(arm, cells, observed, values) : try fitted(state, arm, unit, cells, observed, values)
        for (place, cell) in cells.enumerated() where missing.contains(cell) {
          let change = estimates[place] - (earlier[unit, cell] ?? 0)
          fills[unit, cell] = estimates[place]
          partial[0] += change * change
          partial[1] += estimates[place] * estimates[place]
        }
      }
    }
    return (fills, sums[1] > 0 ? sums[0] / sums[1] : 0)
  }

  /// Period means and the unit's mean deviation from them.
  private func first(_ arm: Int, _ cells: [Int], _ observed: [Int], _ values: [Double]) -> [Double] {
    let means = cells.map { counts.mean(arm, $0) }
    let deviation = zip(observed, values).reduce(0) { $0 + $1.1 - means[$1.0] } / Double(max(1, observed.count))
    return means.map { $0 + deviation }
  }

  private func fitted(
    _ state: State, _ arm: Int, _ unit: Int, _ cells: [Int], _ observed: [Int], _ values: [Double]
  ) throws -> [Double] {
    let rank = state.ranks[arm]
    let basis = Matrix(rows: cells.count, columns: rank, values: state.bases[arm])
    guard observed.count(where: { $0 < problem.beforeCount }) > rank else {
      throw Failure(
        .data,
        "unit '\(problem.panel.units[unit])' has \(observed.count { $0 < problem.beforeCount }) observed values before, and "
          + "rank \(rank) needs \(rank + 1); leave it out with --exclude, or lower --rank")
    }
    let rows = basis.selecting(rows: observed, columns: Array(0..<rank))
    var gram = rows.gram
    for j in 0..<rank { gram[j, j] *= 1 + 1e-8 }
    guard let factor = try? Cholesky(gram) else {
      throw Failure(
        .data,
        "the observed values of unit '\(problem.panel.units[unit])' do not determine it at rank \(rank); leave it out with "
          + "--exclude, or lower --rank")
    }
    return basis * factor.solve(rows.transposed * values)
  }
}

extension PanelProblem {
  /// The cells before and after of an arm.
  func cells(_ arm: Int) -> [Int] { Array(0..<beforeCount) + Array(afterCells(arm)) }
}
