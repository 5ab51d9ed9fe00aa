import Communication
import Diagnostics

extension Frame {
  /// A frame of rows that a source gives, such as a generator of every row from its number. Collective.
  ///
  /// - Parameter storage: whether the rows are made once, or anew in every pass.
  /// - Throws: on all ranks the same ``Failure``: what the source throws; `data` that names row and column of a value
  ///   that is infinite, missing where the schema does not allow it, a negative weight or a code without level; `data`
  ///   when no weight is positive.
  public convenience init(
    _ source: some ChunkSource, rows: DistributedRows, schema: Schema, storage: FrameStorage = .memory
  ) throws {
    try self.init(source, rows: rows, schema: schema, storage: storage, checksValues: true)
  }

  /// A frame of columns in memory. Collective; every rank passes all rows, and keeps its own.
  ///
  /// - Throws: as the initializer from a source; ``Failure`` `data` when the columns make no ``Schema``.
  /// - Precondition: every column has one value for each row, and none is of texts.
  public convenience init(rows: DistributedRows, columns: [FrameColumn]) throws {
    precondition(
      columns.allSatisfy { $0.values.count == rows.rowCount * $0.column.kind.slotCount },
      "every column has one value for each row")
    try self.init(ColumnArrays(columns: columns), rows: rows, schema: Schema(columns.map(\.column)))
  }

  /// - Parameter checksValues: false when the source itself refuses values that are no use, and can say where they lie.
  package convenience init(
    _ source: some ChunkSource, rows: DistributedRows, schema: Schema, storage: FrameStorage, checksValues: Bool
  ) throws {
    let reader = ChunkReader(source: source, grid: rows.grid, schema: schema, checksValues: checksValues)
    let kept: Source =
      switch storage {
      case .memory: .memory(reader.buffer(capacity: rows.localChunks.count))
      case .stream(let windowBytes):
        .stream(FrameStream(reader, localChunks: rows.localChunks, windowBytes: windowBytes))
      }
    self.init(rows: rows, schema: schema, source: kept)
    try rows.communicator.agree {
      if case .memory(let chunks) = kept { try reader.read(rows.localChunks, into: chunks) }
    }
    if places.weight != nil { try requirePositiveWeight() }
    digest = try computeDigest()
  }

  /// Refuses weights that are all zero.
  private func requirePositiveWeight() throws {
    let total = try rows.sum(0.0) { partial, chunk in
      guard let weight = try weight(chunk: chunk) else { return }
      for row in 0..<rowCount(ofChunk: chunk) { partial += weight[row] }
    }
    guard total > 0 && total.isFinite else {
      throw Failure(.data, "the weights add up to \(total); at least one must be positive, and their sum finite")
    }
  }

  /// Refuses rows of weight 0, of a frame whose user is to leave them out. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` `data` that names the first one in the lowest chunks.
  public func requirePositiveWeights() throws {
    try rows.communicator.agree {
      for chunk in rows.localChunks {
        guard let weight = try weight(chunk: chunk) else { return }
        for (offset, row) in rows.grid.rows(ofChunk: chunk).enumerated() where weight[offset] == 0 {
          throw Failure(
            .data,
            "row \(row) (counted from 0) has weight 0; make the frame of the rows that have weight, by a selection")
        }
      }
    }
  }
}
