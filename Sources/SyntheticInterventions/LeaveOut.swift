import Communication
import Diagnostics
import Runs

/// How far donors are from what the other donors of their arm give them.
struct LeaveOut: Sendable {
  /// By arm and metric.
  let scores: [[DonorScores]]
  /// Of units left out exactly, and of those whose paths are asked for.
  private(set) var cells: [Int: TargetCell] = [:]

  /// - Parameters:
  ///   - keepsPaths: whether all cells are kept, of units that are left out on the subspace of all, too.
  ///   - isListed: whether all of a unit's cell is kept.
  ///   - visit: is given the cells of each chunk of this rank and its donors' summaries, where no cells are kept.
  init(
    _ models: ArmModels, _ moments: [ArmMoments], _ rule: IntervalRule, isExact: Bool, keepsPaths: Bool,
    isListed: (Int) -> Bool, visit: (ChunkCells, _ donors: [CellSummary?]) throws -> Void, in run: Run
  ) throws {
    let metrics = models.problem.metrics.indices
    var found = models.arms.map { _ in metrics.map { _ in [DonorScores.Score]() } }
    var communicator = models.problem.panel.frame.rows.communicator
    if isExact || keepsPaths {
      for cell in try Self.cells(models, moments, rule, isExact: isExact, isListed, in: run) {
        cells[cell.unit] = cell
        for metric in metrics {
          let ratio = abs(cell.means(metric: metric).error) / rule.baseHalf(cell.numbers[metric])
          found[cell.arm][metric].append(DonorScores.Score(unit: cell.unit, ratio: ratio))
        }
      }
      // Every rank has all of them.
      communicator = SoloCommunicator()
    } else {
      try communicator.agree { try Self.addScores(to: &found, models.atRank, rule, visit) }
    }
    scores = try found.map { try $0.map { try DonorScores($0, rule, on: communicator) } }
  }

  /// Those of this rank, in one pass.
  private static func addScores(
    to found: inout [[[DonorScores.Score]]], _ models: ArmModels, _ rule: IntervalRule,
    _ visit: (ChunkCells, _ donors: [CellSummary?]) throws -> Void
  ) throws {
    let metricCount = models.problem.metrics.count
    let space = ChunkSpace(models)
    for chunk in models.problem.panel.frame.rows.localChunks {
      let cells = try ChunkCells(models, chunk: chunk, in: space)
      let donors = try cells.donorSummaries(rule)
      try visit(cells, donors)
      for (row, unit) in cells.block.units.enumerated() {
        let arm = models.problem.donorArms[unit]
        guard arm >= 0 else { continue }
        for metric in 0..<metricCount {
          let donor = donors[row * metricCount + metric]!
          let error =
            cells.block.isComplete(row)
            ? cells.meanOutcome(row, arm, metric: metric) - donor.estimate
            : try TargetCell(cells, row: row, arm: arm, isTrimmed: true).means(metric: metric).error
          found[arm][metric].append(DonorScores.Score(unit: unit, ratio: abs(error) / donor.half))
        }
      }
    }
  }

  // MARK: Cells

  private struct Progress: Codable {
    var nextChunk = 0
    var cells: [TargetCell] = []
  }

  /// Units of which all numbers are sent at a time.
  private static let unitsAtATime = 256

  private static func cells(
    _ models: ArmModels, _ moments: [ArmMoments], _ rule: IntervalRule, isExact: Bool,
    _ isListed: (Int) -> Bool, in run: Run
  ) throws -> [TargetCell] {
    let rows = models.problem.panel.frame.rows
    let chunks = max(1, unitsAtATime / rows.grid.chunkLength)
    func told(_ progress: Progress) -> Journal.Progress {
      Journal.Progress(
        passes: (progress.nextChunk + chunks - 1) / chunks, values: ["units": .integer(progress.cells.count)],
        remaining: .exactly((rows.grid.chunkCount - progress.nextChunk + chunks - 1) / chunks))
    }
    return try run.journal.run("leave-out", from: Progress(), progress: told) { progress, keep in
      var progress = progress
      while progress.nextChunk < rows.grid.chunkCount {
        let end = min(progress.nextChunk + chunks, rows.grid.chunkCount)
        let local = rows.localChunks.clamped(to: progress.nextChunk..<end)
        let cells =
          isExact
          ? try exactCells(models, moments, rule, local, isListed)
          : try rows.communicator.agree { try local.flatMap { try sharedCells(models, chunk: $0, isListed) } }
        progress.cells += try rows.communicator.allGather(states: cells).sorted { $0.unit < $1.unit }
        progress.nextChunk = end
        try rows.communicator.agreeOnWishes()
        try keep(progress)
      }
      return progress
    }.cells
  }

  private static func sharedCells(
    _ models: ArmModels, chunk: Int, _ isListed: (Int) -> Bool
  ) throws -> [TargetCell] {
    let cells = try ChunkCells(models, chunk: chunk)
    return try cells.block.units.enumerated().compactMap { row, unit in
      let arm = models.problem.donorArms[unit]
      return arm < 0 ? nil : try TargetCell(cells, row: row, arm: arm, isTrimmed: !isListed(unit))
    }
  }

  /// The donors of some chunks of this rank, each with the arm fitted again without it. Collective.
  private static func exactCells(
    _ models: ArmModels, _ moments: [ArmMoments], _ rule: IntervalRule, _ chunks: Range<Int>,
    _ isListed: (Int) -> Bool
  ) throws -> [TargetCell] {
    let problem = models.problem
    var left = try problem.panel.frame.rows.communicator.agree {
      try chunks.flatMap { chunk in
        let block = try UnitBlock(problem, chunk: chunk, fills: models.fills)
        return try block.units.enumerated().compactMap { row, unit in
          let arm = problem.donorArms[unit]
          return arm < 0 ? nil : try LeftOutUnit(block, row: row, unit: unit, arm: arm, moments[arm], problem)
        }
      }
    }
    if rule.weighting == .biasCorrected { try LeftOutUnit.choose(&left, models) }
    return try problem.panel.frame.rows.communicator.agree {
      try left.map { try $0.cell(problem, isTrimmed: !isListed($0.unit)) }
    }
  }
}

/// A donor, and the model of its arm without it.
struct LeftOutUnit {
  let unit: Int
  let arm: Int
  /// Nil where no donor is left.
  private(set) var model: ArmModel?
  private let donors: Int
  private let before: [Double]
  private let observedBefore: [Double]
  private let observed: [Double]
  private let missing: [Int]

  init(_ block: UnitBlock, row: Int, unit: Int, arm: Int, _ moments: ArmMoments, _ problem: PanelProblem) throws {
    self.unit = unit
    self.arm = arm
    before = block.values(row, 0..<problem.beforeCount)
    observedBefore = (0..<problem.beforeCount).map { block.observed(row, $0) }
    let cells = problem.afterCells(arm)
    observed = cells.map { block.observed(row, $0) }
    missing = block.missing(row, 0..<problem.beforeCount)
    donors = moments.donorCount - 1
    guard donors > 0 else { return }
    var others = moments.adding(before, block.values(row, cells), sign: -1)
    others.missing.before -= missing.count
    others.missing.after -= block.missing(row, cells).count
    model = try ArmModel(others, rule: problem.rules[arm])
  }

  /// Chooses the donors of the models of all ranks. Collective.
  static func choose(_ left: inout [LeftOutUnit], _ models: ArmModels) throws {
    let own = left.map { PivotProblem($0.model, arm: $0.arm, without: $0.unit) }
    let communicator = models.problem.panel.frame.rows.communicator
    let all = try communicator.allGather(value: own)
    let first = all[..<communicator.rank].reduce(0) { $0 + $1.count }
    let choices = try DonorPivots.choose(Array(all.joined()), models.problem, fills: models.fills)
    for index in left.indices {
      left[index].model = left[index].model.map { ArmModel($0, choice: choices[first + index]) }
    }
  }

  func cell(_ problem: PanelProblem, isTrimmed: Bool) throws -> TargetCell {
    guard let model else {
      let numbers = CellNumbers.undefined(rank: 1, donors: donors)
      return TargetCell(
        unit: unit, arm: arm, isOwn: true, numbers: problem.metrics.map { _ in numbers },
        rankPaths: problem.metrics.map { _ in [] }, path: observed.map { _ in .nan }, observed: observed,
        pathSlopes: [], before: isTrimmed ? [] : observedBefore, fitted: isTrimmed ? [] : before.map { _ in .nan },
        weightForm: [], chosenUnits: [], chosenWeights: [], gradients: [])
    }
    let body = { c in
      TargetCell(
        model, c, unit: unit, arm: arm, isLeftOut: true, before: observedBefore, observed: observed,
        isTrimmed: isTrimmed)
    }
    guard missing.isEmpty else {
      return try ObservedCoordinates(model, before, missing: missing, unit: problem.panel.units[unit]).with(body)
    }
    return model.withCoordinates(before, body)
  }
}
