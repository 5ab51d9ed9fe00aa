import Communication
import Frames

/// The one pass over the rows that all answers come from, by itself: for those who time it.
public struct MomentPass {
  let sums: ProxyMoments
  let frame: Frame
  private let scale: OutcomeScale

  /// Looks through the columns. Collective.
  ///
  /// - Throws: as ``SyntheticPotentialOutcomes/fit(_:in:)``.
  public init(_ options: SyntheticOutcomesOptions, over frame: Frame) throws {
    let groups = try RowGroups(options, of: frame)
    let survey = try ProxySurvey(options, of: frame)
    sums = try ProxyMoments(groups, treatment: survey.treatment, outcome: survey.outcome)
    scale = survey.scale
    self.frame = frame
  }

  /// The sums. Collective.
  public func callAsFunction() throws -> [Double] { try sums.sum(over: frame, scale).summands }

  /// The same pass over the first rows of this rank alone, in whole chunks: `rows` of them and less than a chunk more, or
  /// all that it has.
  public func part(rows: Int) -> (rowCount: Int, sums: () throws -> [Double]) {
    let own = frame.rows.localChunks
    let length = frame.rows.grid.chunkLength
    let count = own.prefix((rows + length - 1) / length).reduce(0) { $0 + frame.rowCount(ofChunk: $1) }
    let part = DistributedRows(rowCount: count, chunkLength: length, communicator: SoloCommunicator())
    let add = sums.adding(frame, scale)
    return (count, { try part.sum(sums) { try add(&$0, own.lowerBound + $1) }.summands })
  }
}
