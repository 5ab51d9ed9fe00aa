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

  /// Takes the cells of a chunk, of which no donor is left out exactly.
  mutating func add(_ cells: ChunkCells) throws {
    let grid = design.problem.panel.frame.rows.grid
    made[grid.chunk(ofRow: cells.block.units.lowerBound)] = try digest(cells, [:])
  }

  /// - Parameter own: donors that were left out exactly.
  func digest(_ cells: ChunkCells, _ own: [Int: TargetCell]) throws -> [UInt8] {
    let targets = design.targets(in: cells.block.units)
    guard !targets.isEmpty else { return [] }
    let (metrics, arms) = (design.problem.metrics.indices, design.arms.indices)
    let first = cells.block.units.lowerBound
    var numbers: [Double] = []
    numbers.reserveCapacity(targets.count * arms.count * metrics.count * 3)
    for unit in targets {
      for arm in arms where options.targets != .own || cells.isOwn(unit - first, arm) {
        for metric in metrics {
          let own = own.isEmpty || !cells.isOwn(unit - first, arm) ? nil : own[unit]
          let cell = try own?.numbers[metric] ?? cells.numbers(unit - first, arm, metric: metric)
          numbers.append(cell.estimate)
          numbers.append(rule.baseHalf(cell))
          numbers.append(cell.weightSquare)
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
