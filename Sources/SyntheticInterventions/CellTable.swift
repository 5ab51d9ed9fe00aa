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
    design.targets(in: analysis.problem.panel.frame.rows.grid.rows(ofChunk: chunk))
  }

  /// The cells of the first targets. Collective.
  func listedCells() throws -> [TargetCell] {
    try analysis.cells(of: design.listed, arms: arms)
  }

  /// The SHA-256 of estimates, half intervals before calibration and square weights of all cells, and of the arms' ranks
  /// and calibrations. Collective.
  ///
  /// - Parameter chunks: those of this rank's chunks that are there already.
  func digest(_ chunks: ChunkDigests) throws -> String {
    let rows = analysis.problem.panel.frame.rows
    var digest = SHA256Digest()
    try rows.forEachChunkAtRoot(
      produce: {
        try chunks.made[$0]
          ?? chunks.digest(ChunkCells(analysis.models, chunk: $0)) { unit, metric in
            analysis.leaveOut.cells[unit].map { CellSummary($0.numbers[metric], analysis.rule) }
          }
      },
      consume: { _, bytes in digest.update(bytes) })
    for (arm, model) in analysis.models.arms.enumerated() {
      digest.update(analysis.problem.names[arm])
      digest.update(model.rank)
      digest.update(model.spectrum)
      digest.update(analysis.problem.metrics.indices.map { analysis.calibration(arm: arm, metric: $0) ?? .nan })
    }
    let hex = Array(digest.finalize().utf8)
    return String(decoding: try rows.communicator.broadcast(hex, from: 0), as: UTF8.self)
  }
}
