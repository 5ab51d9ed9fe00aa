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

extension SyntheticPotentialOutcomes {
  /// Looks through the columns, and tells what a fit would take. Collective.
  ///
  /// - Throws: as ``fit(_:in:)``.
  public func plan(_ frame: Frame) throws -> SyntheticOutcomesPlan {
    let groups = try RowGroups(options, of: frame)
    let survey = try ProxySurvey(options, of: frame)
    let sums = try ProxyMoments(groups, treatment: survey.treatment, outcome: survey.outcome)
    return SyntheticOutcomesPlan(
      rows: frame.rows.rowCount, arms: groups.arms, strata: groups.stratumCount, blocks: groups.blocks.count,
      treatmentFeatures: survey.treatment.count, outcomeFeatures: survey.outcome.count,
      chunkRows: frame.rows.grid.chunkLength, bytesPerReduction: sums.summands.count * MemoryLayout<Double>.stride)
  }
}
