import Communication
import Frames
import Reports
import SyntheticPotentialOutcomes

/// What a fit of synthetic potential outcomes would read, hold and send, without fitting.
struct SpoDryRun: Encodable {
  let plan: SyntheticOutcomesPlan
  let ranks: [RankShare]
  /// Bytes of rows in the one pass, on all ranks: from memory, or from files with --stream.
  let bytesPerPass: Int
  /// Measured on the first rows of each rank, with the sums that the fit would make.
  let pass: PassMeasurement

  /// Collective.
  ///
  /// - Parameters:
  ///   - frame: the rows, streamed.
  ///   - storage: what the fit would keep them in.
  ///   - heldBytes: what the program held before it looked for the rows.
  init(
    _ estimator: SyntheticPotentialOutcomes, _ frame: Frame, _ storage: FrameStorage, heldBytes: Int,
    on communicator: any Communicator
  ) throws {
    let moments = try MomentPass(estimator.options, over: frame)
    plan = moments.plan
    let columns = frame.schema.columns.count
    ranks = try RankShare.all(
      frame.rows.partition, columns: columns, storage, heldBytes: heldBytes, on: communicator)
    bytesPerPass = frame.rows.rowCount * columns * MemoryLayout<Double>.stride
    let part = moments.part(rows: PassMeasurement.rows)
    pass = try PassMeasurement(of: part.rowCount, rowCount: ranks.map(\.rows).max()!, on: communicator) {
      _ = try part.sums()
    }
  }

  func encode(to encoder: any Encoder) throws {
    try plan.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(ranks, forKey: .ranks)
    try container.encode(bytesPerPass, forKey: .bytesPerPass)
    try container.encode(pass, forKey: .pass)
  }

  private enum CodingKeys: CodingKey { case ranks, bytesPerPass, pass }

  var words: String {
    let size = "\(mebibytes(bytesPerPass)) MiB of rows in the one pass; \(pass.milliseconds) ms, \(pass.words)"
    return ([plan.words, size] + RankShare.table(ranks).lines).joined(separator: "\n")
  }
}
