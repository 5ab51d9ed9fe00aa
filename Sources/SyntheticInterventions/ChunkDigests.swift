import Storage

/// The SHA-256 of the numbers of a chunk's targets, made while a pass has their cells at hand, or by a pass of their own.
struct ChunkDigests {
  let options: SyntheticInterventionsOptions
  let design: InterventionDesign
  let rule: IntervalRule
  /// By chunk.
  private(set) var made: [Int: [UInt8]] = [:]

  init(_ options: SyntheticInterventionsOptions, _ design: InterventionDesign) {
    self.options = options
    self.design = design
    rule = IntervalRule(options)
  }

  /// Takes the cells of a chunk, with its donors' under their own arms, see ``ChunkCells/donorSummaries(_:)``.
  mutating func add(_ cells: ChunkCells, _ donors: [CellSummary?]) throws {
    let grid = design.problem.panel.frame.rows.grid
    let (first, metricCount) = (cells.block.units.lowerBound, design.problem.metrics.count)
    made[grid.chunk(ofRow: first)] = try digest(cells) { donors[($0 - first) * metricCount + $1] }
  }

  /// - Parameter own: gives a donor under its own arm in a metric, where it is known already.
  func digest(_ cells: ChunkCells, own: (_ unit: Int, _ metric: Int) -> CellSummary?) throws -> [UInt8] {
    let targets = design.targets(in: cells.block.units)
    guard !targets.isEmpty else { return [] }
    let (metrics, arms) = (design.problem.metrics.indices, design.arms.indices)
    let isOwnAlone = options.targets == .own
    let first = cells.block.units.lowerBound
    // Under own arms alone a target has one cell in each metric at most.
    let answered = isOwnAlone ? targets.filter { design.problem.donorArms[$0] >= 0 } : Array(targets)
    let armCount = isOwnAlone ? 1 : arms.count
    var numbers = [Double](repeating: 0, count: answered.count * armCount * metrics.count * 3)
    for arm in arms {
      let units = cells.under(arm)
      for (index, unit) in answered.enumerated() {
        let isOwn = cells.isOwn(unit - first, arm)
        guard isOwn || !isOwnAlone else { continue }
        for metric in metrics {
          let known = isOwn ? own(unit, metric) : nil
          let cell = try known ?? CellSummary(units.numbers(unit - first, metric: metric), rule)
          let place = ((index * armCount + (isOwnAlone ? 0 : arm)) * metrics.count + metric) * 3
          numbers[place] = cell.estimate
          numbers[place + 1] = cell.half
          numbers[place + 2] = cell.weightSquare
        }
      }
    }
    var digest = SHA256Digest()
    digest.update(numbers)
    return digest.finalizeBytes()
  }
}

extension InterventionDesign {
  /// The targets among consecutive units.
  func targets(in units: Range<Int>) -> ArraySlice<Int> {
    targets[place(of: units.lowerBound)..<place(of: units.upperBound)]
  }

  /// The place of the first target that is at least so large.
  private func place(of bound: Int) -> Int {
    var (low, high) = (0, targets.count)
    while low < high {
      let middle = (low + high) / 2
      if targets[middle] < bound { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
