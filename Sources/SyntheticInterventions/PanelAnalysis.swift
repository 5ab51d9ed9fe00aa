import Runs

/// The models of all arms of a problem, and how well each foretells its own donors.
///
/// ```
/// Σ cc', c = (1, before, after), by arm               ArmSums, the only sum over units
///   -> where cells of donors are missing, filled      FilledCells, and summed again
///   -> U, Λ, rank, regression of after on before      ArmModel
///   -> for bias-corrected weights their donors        DonorPivots
///   -> every donor from the others of its arm         LeaveOut
/// ```
struct PanelAnalysis: Sendable {
  let problem: PanelProblem
  let moments: [ArmMoments]
  let models: ArmModels
  let leaveOut: LeaveOut
  let filled: FilledCells
  let rule: IntervalRule

  /// Collective.
  ///
  /// - Parameters:
  ///   - keepsPaths: whether the paths of donors under their own arms are asked for.
  ///   - isListed: whether all that is known of a donor under its own arm is asked for.
  ///   - visit: is given the cells of each chunk of this rank and its ``ChunkCells/donorSummaries(_:)``, where the pass over
  ///     donors has them.
  init(
    _ problem: PanelProblem, _ options: SyntheticInterventionsOptions, isExact: Bool, keepsPaths: Bool = false,
    isListed: (Int) -> Bool = { _ in false },
    visit: (ChunkCells, _ donors: [CellSummary?]) throws -> Void = { _, _ in }, in run: Run
  ) throws {
    self.problem = problem
    rule = IntervalRule(options)
    var summands = try run.journal.step("moments") { try ArmSums.sum(problem).summands }
    let filled = try FilledCells(problem, missing: ArmSums(problem, summands: summands).missing, in: run)
    if filled.rounds > 0 {
      summands = try run.journal.step("moments") { try ArmSums.sum(problem, fills: filled.fills).summands }
    }
    try run.journal.end(0) {
      PassRecord(
        phase: "moments", pass: 0, seconds: $0, values: ["units": .integer(problem.panel.frame.rows.rowCount)])
    }
    let sums = ArmSums(problem, summands: summands)
    let moments = (0..<problem.armCount).map { sums.moments(problem, arm: $0, missing: filled.missing[$0]) }
    let rows = problem.panel.frame.rows
    let spectra = try ArmSpectrum.all(moments, on: rows.communicator)
    let arms = try rows.communicator.agree {
      try moments.indices.map { try ArmModel(moments[$0], rule: problem.rules[$0], spectra[$0]) }
    }
    let models = ArmModels(problem, arms, fills: filled.fills)
    self.moments = moments
    self.models = try options.weighting == .biasCorrected ? models.withChoices() : models
    self.filled = filled
    leaveOut = try LeaveOut(
      self.models, moments, rule, isExact: isExact, keepsPaths: keepsPaths, isListed: isListed, visit: visit,
      in: run)
  }

  /// Whether units × p³ is little enough to fit the arm again without each of its donors.
  static func isExact(_ options: SyntheticInterventionsOptions, _ problem: PanelProblem) -> Bool {
    switch options.leaveOut {
    case .exact: true
    case .fixedSubspace: false
    case .automatic:
      Double(problem.panel.units.count) * Double(problem.beforeCount) * Double(problem.beforeCount)
        * Double(problem.beforeCount) <= 2e11
    }
  }

  /// What widens the intervals of an arm, of the scores of all donors but a unit; nil where they are too few.
  func calibration(arm: Int, metric: Int, without unit: Int? = nil) -> Double? {
    leaveOut.scores[arm][metric].factor(without: unit)
  }

  /// A unit of a chunk under an arm.
  func cell(_ cells: ChunkCells, row: Int, arm: Int, isTrimmed: Bool = false) throws -> TargetCell {
    let unit = cells.block.units.lowerBound + row
    return try leftOut(unit, arm) ?? TargetCell(cells, row: row, arm: arm, isTrimmed: isTrimmed)
  }

  /// The cells of some units under some arms, on all ranks. Collective.
  func cells(of units: [Int], arms: (_ unit: Int) -> [Int]) throws -> [TargetCell] {
    let rows = problem.panel.frame.rows
    let wanted = Dictionary(grouping: units, by: rows.grid.chunk(ofRow:))
    var message: [Double] = []
    try rows.communicator.agree {
      for chunk in rows.localChunks {
        guard let units = wanted[chunk] else { continue }
        let cells = try ChunkCells(models, chunk: chunk)
        for unit in units {
          for arm in arms(unit) { try cells.append(unit - cells.block.units.lowerBound, arm, to: &message) }
        }
      }
    }
    return try rows.communicator.allGather(elements: message)
      .flatMap { TargetCell.cells($0, models, known: leftOut) }.sorted { ($0.unit, $0.arm) < ($1.unit, $1.arm) }
  }

  /// A donor under its own arm, where it is left out exactly or its path was asked for.
  private func leftOut(_ unit: Int, _ arm: Int) -> TargetCell? {
    problem.donorArms[unit] == arm ? leaveOut.cells[unit] : nil
  }
}

extension ArmSums {
  init(_ problem: PanelProblem, summands: [Double]) {
    self.init(problem)
    self.summands = summands
  }
}

extension ArmModels {
  /// With the donors of bias-corrected weights, and those without each of them. Collective.
  func withChoices() throws -> ArmModels {
    var choices = try DonorPivots.choose(
      arms.indices.map { PivotProblem(arms[$0], arm: $0) }, problem, fills: fills
    ).map { $0! }
    let others = arms.indices.flatMap { arm in
      arms[arm].donorCount - 1 < arms[arm].rank
        ? [] : choices[arm].units.map { PivotProblem(arms[arm], arm: arm, without: $0) }
    }
    for (other, choice) in zip(others, try DonorPivots.choose(others, problem, fills: fills)) {
      choices[other.arm].others.append(choice!)
    }
    return ArmModels(problem, zip(arms, choices).map { ArmModel($0, choice: $1) }, fills: fills)
  }
}
