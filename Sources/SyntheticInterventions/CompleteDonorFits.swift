import Communication

/// What estimates would be from the donors that lack no outcome alone, beside those from all with theirs filled: dropping
/// incomplete donors is the other habit, and where both agree filling decides nothing.
struct CompleteDonorFits {
  let analysis: PanelAnalysis
  let options: SyntheticInterventionsOptions

  /// By arm, nil for an arm whose donors lack nothing. Collective.
  ///
  /// - Parameter cells: those that are compared, on all ranks.
  func answers(_ cells: [TargetCell]) throws -> [CompleteDonors?] {
    let problem = analysis.problem
    guard analysis.filled.rounds > 0 else { return problem.names.map { _ in nil } }
    let donors = try completeDonors()
    let counts = problem.names.indices.map { arm in donors.count { $0 == arm } }
    // An arm of fewer has no model.
    let arms = counts.indices.filter { counts[$0] > 1 }
    guard !arms.isEmpty else { return answers(counts, [], [:], cells) }
    let complete = PanelProblem(
      problem.panel, metrics: problem.metrics, before: problem.before, after: arms.map { problem.after[$0] },
      donorArms: donors.map { arms.firstIndex(of: $0) ?? -1 }, rules: arms.map { problem.rules[$0] },
      names: arms.map { problem.names[$0] })
    let sums = try ArmSums.sum(complete)
    let models = try problem.panel.frame.rows.communicator.agree {
      ArmModels(
        complete,
        try arms.indices.map { try ArmModel(sums.moments(complete, arm: $0), rule: complete.rules[$0]) }, fills: Fills()
      )
    }
    let estimates = try self.estimates(
      options.weighting == .biasCorrected ? models.withChoices() : models, of: cells, arms)
    return answers(counts, zip(arms, models.arms.map(\.rank)).map { ($0, $1) }, estimates, cells)
  }

  /// By unit the arm whose donor it is, -1 where it lacks an outcome in the windows of the arm. Collective.
  private func completeDonors() throws -> [Int] {
    let problem = analysis.problem
    let rows = problem.panel.frame.rows
    let windows = problem.names.indices.map { Set(problem.cells($0)) }
    let own = try rows.communicator.agree {
      try rows.localChunks.flatMap { chunk in
        let block = try UnitBlock(problem, chunk: chunk)
        return block.missing.compactMap { row, cells -> Double? in
          let unit = block.units.lowerBound + row
          let arm = problem.donorArms[unit]
          return arm >= 0 && cells.contains(where: windows[arm].contains) ? Double(unit) : nil
        }
      }
    }
    var donors = problem.donorArms
    for unit in try rows.communicator.allGather(elements: own).joined() { donors[Int(unit)] = -1 }
    return donors
  }

  /// The estimates of those cells whose targets are no donors, by their places, metric by metric. Collective.
  private func estimates(_ models: ArmModels, of cells: [TargetCell], _ arms: [Int]) throws -> [Int: [Double]] {
    let rows = analysis.problem.panel.frame.rows
    let metrics = analysis.problem.metrics.indices
    let wanted = Dictionary(grouping: cells.indices.filter { !cells[$0].isOwn && arms.contains(cells[$0].arm) }) {
      rows.grid.chunk(ofRow: cells[$0].unit)
    }
    let own = try rows.communicator.agree {
      try rows.localChunks.flatMap { chunk -> [Double] in
        guard let places = wanted[chunk] else { return [] }
        let block = try ChunkCells(models, chunk: chunk)
        return places.flatMap { place in
          let (row, arm) = (cells[place].unit - block.block.units.lowerBound, arms.firstIndex(of: cells[place].arm)!)
          // A target with too few outcomes for another rank has no estimate here.
          return [Double(place)]
            + metrics.map { (try? block.numbers(row, arm, metric: $0).estimate) ?? .nan }
        }
      }
    }
    let all = Array(try rows.communicator.allGather(elements: own).joined())
    return Dictionary(
      uniqueKeysWithValues: stride(from: 0, to: all.count, by: 1 + metrics.count).map {
        (Int(all[$0]), Array(all[$0 + 1..<$0 + 1 + metrics.count]))
      })
  }

  private func answers(
    _ counts: [Int], _ ranks: [(arm: Int, rank: Int)], _ estimates: [Int: [Double]], _ cells: [TargetCell]
  ) -> [CompleteDonors?] {
    counts.indices.map { arm in
      guard counts[arm] < analysis.problem.donorCount(arm) else { return nil }
      let shifts = estimates.filter { cells[$0.key].arm == arm }.flatMap { place, values in
        values.enumerated().map { metric, value in
          let numbers = cells[place].numbers[metric]
          return abs(value - numbers.estimate) / analysis.rule.baseHalf(numbers)
        }
      }
      return CompleteDonors(
        donors: counts[arm], rank: ranks.first { $0.arm == arm }?.rank, shift: shifts.filter(\.isFinite).max())
    }
  }
}
