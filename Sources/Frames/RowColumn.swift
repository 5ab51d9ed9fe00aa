import Communication
import LinearAlgebra

/// One number for each row of this rank, beside the frame: weights that leave rows out, or a simulated treatment.
public final class RowColumn: @unchecked Sendable {
  private let firstChunk: Int
  /// Numbers from one chunk to the next.
  private let stride: Int
  private let storage: AlignedBuffer

  /// - Parameter fill: writes the numbers of a chunk; padding rows stay 0.
  public init(
    rows: DistributedRows, fill: (_ chunk: Int, _ values: UnsafeMutablePointer<Double>) throws -> Void
  ) rethrows {
    firstChunk = rows.localChunks.lowerBound
    stride = rows.grid.columnStride
    storage = AlignedBuffer(count: rows.localChunks.count * stride)
    for chunk in rows.localChunks { try fill(chunk, storage.pointer + (chunk - firstChunk) * stride) }
  }

  /// The weights of some rows of a frame, and 0 for the others. Collective.
  ///
  /// - Parameter isIncluded: whether a global row is one of them; it must not communicate.
  public static func weights(of frame: Frame, where isIncluded: (_ row: Int) -> Bool) throws -> RowColumn {
    try frame.rows.communicator.agree {
      try RowColumn(rows: frame.rows) { chunk, values in
        let weights = try frame.weight(chunk: chunk)
        for (offset, row) in frame.rows.grid.rows(ofChunk: chunk).enumerated() {
          values[offset] = isIncluded(row) ? weights?[offset] ?? 1 : 0
        }
      }
    }
  }

  /// The weights of a frame times a factor of each row. Collective.
  ///
  /// - Parameter factor: of a row of a chunk, counted within it and in all; it must not communicate.
  public static func weights(
    of frame: Frame, times factor: (_ chunk: Int, _ offset: Int, _ row: Int) throws -> Double
  ) throws -> RowColumn {
    try frame.rows.communicator.agree {
      try RowColumn(rows: frame.rows) { chunk, values in
        let weights = try frame.weight(chunk: chunk)
        for (offset, row) in frame.rows.grid.rows(ofChunk: chunk).enumerated() {
          values[offset] = (weights?[offset] ?? 1) * (try factor(chunk, offset, row))
        }
      }
    }
  }

  /// The numbers of a chunk of this rank.
  public subscript(chunk: Int) -> UnsafePointer<Double> {
    UnsafePointer(storage.pointer + (chunk - firstChunk) * stride)
  }
}

/// Columns that stand in for those of a frame.
public struct RowReplacement: Sendable {
  public var treatment: RowColumn?
  public var weight: RowColumn?

  public init(treatment: RowColumn? = nil, weight: RowColumn? = nil) {
    self.treatment = treatment
    self.weight = weight
  }
}
