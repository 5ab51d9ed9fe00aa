import Communication
import Panels
import Storage

/// All targets under all arms, made chunk by chunk.
struct CellTable: Sendable {
  let analysis: PanelAnalysis
  let options: SyntheticInterventionsOptions
  let design: InterventionDesign

  init(_ analysis: PanelAnalysis, _ options: SyntheticInterventionsOptions, _ design: InterventionDesign) {
    self.analysis = analysis
    self.options = options
    self.design = design
  }

  /// The arms that a unit is answered for under.
  func arms(of unit: Int) -> [Int] {
    let own = analysis.problem.donorArms[unit]
    guard options.targets == .own else { return Array(0..<analysis.problem.armCount) }
    return own < 0 ? [] : [own]
  }

  /// The targets of a chunk.
  func targets(ofChunk chunk: Int) -> ArraySlice<Int> {
    let range = analysis.problem.panel.frame.rows.grid.rows(ofChunk: chunk)
    let first = design.targets.partitioningIndex(range.lowerBound)
    return design.targets[first..<design.targets.partitioningIndex(range.upperBound)]
  }

  /// The cells of the first targets. Collective.
  func listedCells() throws -> [TargetCell] {
    try analysis.cells(of: design.listed, arms: arms)
  }

  /// The SHA-256 of estimates, half intervals before calibration and square weights of all cells, and of the arms' ranks
  /// and calibrations. Collective.
  func digest() throws -> String {
    let rows = analysis.problem.panel.frame.rows
    var digest = SHA256Digest()
    try rows.forEachChunkAtRoot(
      produce: { try chunkDigest($0) }, consume: { _, bytes in digest.update(bytes) })
    for (arm, model) in analysis.models.arms.enumerated() {
      digest.update(analysis.problem.names[arm])
      digest.update(model.rank)
      digest.update(model.spectrum)
      digest.update(analysis.problem.metrics.indices.map { analysis.calibration(arm: arm, metric: $0) ?? .nan })
    }
    let hex = Array(digest.finalize().utf8)
    return String(decoding: try rows.communicator.broadcast(hex, from: 0), as: UTF8.self)
  }

  private func chunkDigest(_ chunk: Int) throws -> [UInt8] {
    let targets = targets(ofChunk: chunk)
    guard !targets.isEmpty else { return [] }
    let models = analysis.models
    let cells = try ChunkCells(models, chunk: chunk)
    let metrics = analysis.problem.metrics.indices
    let first = cells.block.units.lowerBound
    var numbers: [Double] = []
    numbers.reserveCapacity(targets.count * analysis.problem.armCount * metrics.count * 3)
    let (leaveOut, rule) = (analysis.leaveOut, analysis.rule)
    for unit in targets {
      for arm in models.arms.indices where options.targets != .own || cells.isOwn(unit - first, arm) {
        for metric in metrics {
          let own = cells.isOwn(unit - first, arm) ? leaveOut.cells[unit] : nil
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

extension [Int] {
  /// Of ascending numbers the place of the first that is at least so large.
  fileprivate func partitioningIndex(_ bound: Int) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle] < bound { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
