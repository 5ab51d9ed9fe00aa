import Frames

/// What a fit would read, hold and send.
public struct SyntheticOutcomesPlan: Sendable, Encodable {
  public let rows: Int
  public let arms: [Double]
  public let strata: Int
  public let blocks: Int
  public let treatmentFeatures: Int
  public let outcomeFeatures: Int
  /// Rows of a chunk.
  public let chunkRows: Int
  /// Bytes of the sums of the one pass, which each rank sends once up the reduction's tree.
  public let bytesPerReduction: Int

  public var words: String {
    "\(rows) rows in chunks of \(chunkRows); arms "
      + arms.map(\.words).joined(separator: ", ")
      + ", \(strata) strata, \(blocks) blocks; \(treatmentFeatures) features of the treatment's proxies and "
      + "\(outcomeFeatures) of the outcome's; \(bytesPerReduction) bytes in the one reduction"
  }
}

extension MomentPass {
  /// What a fit would take, of which this is the one pass.
  public var plan: SyntheticOutcomesPlan {
    SyntheticOutcomesPlan(
      rows: frame.rows.rowCount, arms: sums.groups.arms, strata: sums.groups.stratumCount,
      blocks: sums.groups.blocks.count, treatmentFeatures: sums.treatment.count, outcomeFeatures: sums.outcome.count,
      chunkRows: frame.rows.grid.chunkLength, bytesPerReduction: sums.summands.count * MemoryLayout<Double>.stride)
  }
}
