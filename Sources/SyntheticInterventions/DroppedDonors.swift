import Communication

/// The ranges of estimates over the donors of their arms, each dropped in turn; of targets that are no donors of the arm.
struct DroppedDonors {
  let analysis: PanelAnalysis

  /// A target's estimate without a donor.
  private struct Extreme {
    var estimate: Double
    var donor: Int

    /// The lower of two, of equals that of the donor that comes first.
    func lower(_ other: Extreme) -> Extreme {
      (other.estimate, other.donor) < (estimate, donor) ? other : self
    }
    func higher(_ other: Extreme) -> Extreme {
      (other.estimate, -other.donor) > (estimate, -donor) ? other : self
    }
  }

  /// Collective.
  func answers(_ cells: [TargetCell]) throws -> [DonorRange] {
    let problem = analysis.problem
    let rows = problem.panel.frame.rows
    let targets = cells.filter { !$0.isOwn && analysis.models.arms[$0.arm].donorCount > 1 }
    let before = try analysis.outcomesBefore(targets.map(\.unit))
    var left = try rows.communicator.agree {
      try rows.localChunks.flatMap { chunk in
        let block = try UnitBlock(problem, chunk: chunk, fills: analysis.models.fills)
        return try block.units.enumerated().compactMap { row, unit in
          let arm = problem.donorArms[unit]
          return arm < 0
            ? nil : try LeftOutUnit(block, row: row, unit: unit, arm: arm, analysis.moments[arm], problem)
        }
      }
    }
    if analysis.rule.weighting == .biasCorrected { try LeftOutUnit.choose(&left, analysis.models) }
    // Unit, target, metric, estimate.
    let own = try rows.communicator.agree {
      try left.flatMap { left in
        try targets.enumerated().filter { $0.element.arm == left.arm }.flatMap { index, target in
          let numbers = try left.numbers(of: before[target.unit]!, name: problem.panel.units[target.unit], problem)
          return numbers.enumerated().flatMap { [Double(left.unit), Double(index), Double($0), $1.estimate] }
        }
      }
    }
    let all = Array(try rows.communicator.allGather(elements: own).joined())
    var extremes: [[(low: Extreme, high: Extreme)?]] = targets.map { _ in problem.metrics.map { _ in nil } }
    for start in stride(from: 0, to: all.count, by: 4) where all[start + 3].isFinite {
      let (target, metric) = (Int(all[start + 1]), Int(all[start + 2]))
      let new = Extreme(estimate: all[start + 3], donor: Int(all[start]))
      let old = extremes[target][metric] ?? (new, new)
      extremes[target][metric] = (old.low.lower(new), old.high.higher(new))
    }
    return zip(targets, extremes).flatMap { target, extremes in
      extremes.enumerated().compactMap { metric, extreme in
        extreme.map {
          DonorRange(
            unit: problem.panel.units[target.unit], arm: problem.names[target.arm],
            metric: problem.metricName(metric), lowest: $0.low.estimate,
            lowestWithout: problem.panel.units[$0.low.donor], highest: $0.high.estimate,
            highestWithout: problem.panel.units[$0.high.donor])
        }
      }
    }
  }
}

extension LeftOutUnit {
  /// Another unit from the donors that are left, by metric.
  ///
  /// - Parameter before: NaN where missing.
  func numbers(of before: [Double], name: String, _ problem: PanelProblem) throws -> [CellNumbers] {
    guard let model else { return problem.metrics.map { _ in .undefined(rank: 1, donors: 0) } }
    let missing = before.indices.filter { before[$0].isNaN }
    let body = { c in (0..<model.metricCount).map { model.numbers(c, metric: $0) } }
    guard missing.isEmpty else {
      return try ObservedCoordinates(model, before, missing: missing, unit: name).with(body)
    }
    return model.withCoordinates(before, body)
  }
}

extension PanelAnalysis {
  /// The outcomes before of some units, NaN where missing, on all ranks. Collective.
  func outcomesBefore(_ units: [Int]) throws -> [Int: [Double]] {
    let rows = problem.panel.frame.rows
    let wanted = Set(units)
    let width = problem.beforeCount
    let own = try rows.communicator.agree {
      try rows.localChunks.flatMap { chunk -> [Double] in
        let range = rows.grid.rows(ofChunk: chunk)
        guard range.contains(where: wanted.contains) else { return [] }
        let block = try UnitBlock(problem, chunk: chunk)
        return range.filter(wanted.contains).flatMap { unit in
          [Double(unit)] + (0..<width).map { block.observed(unit - range.lowerBound, $0) }
        }
      }
    }
    let all = Array(try rows.communicator.allGather(elements: own).joined())
    return Dictionary(
      uniqueKeysWithValues: stride(from: 0, to: all.count, by: 1 + width).map {
        (Int(all[$0]), Array(all[$0 + 1..<$0 + 1 + width]))
      })
  }
}
