import Communication

/// A chunk of a design's rows.
///
/// A design on some chunks of a table numbers them anew, so that a number of the one means nothing to the other: columns
/// of the table beside those of a design are asked for by this, of the design.
public struct DesignChunk: Sendable, Hashable {
  /// The rows, as the design numbers them.
  public let rows: Range<Int>
  /// The rows, as the table numbers them.
  public let tableRows: Range<Int>
  /// The number among the chunks of the design.
  let index: Int
  /// The number among the chunks of the table.
  let tableIndex: Int
}

/// The rows of a design, spread over ranks: those of a table, or of some chunks of it.
public struct DesignRows: Sendable {
  /// The chunks as the design numbers them.
  package let distributed: DistributedRows
  private let tableGrid: RowGrid
  /// The table's chunk of each of the design's; nil when they are the same.
  private let tableChunks: [Int]?

  /// All rows of a table.
  init(_ table: DistributedRows) {
    self.init(table, tableGrid: table.grid, tableChunks: nil)
  }

  /// - Parameters:
  ///   - tableGrid: of the table.
  ///   - tableChunks: the table's chunk of each of the rows' chunks.
  init(_ rows: DistributedRows, tableGrid: RowGrid, tableChunks: [Int]?) {
    distributed = rows
    self.tableGrid = tableGrid
    self.tableChunks = tableChunks
  }

  /// Whether they are those of some chunks of the table.
  var isOfSomeChunks: Bool { tableChunks != nil }
  public var communicator: any Communicator { distributed.communicator }
  /// The number of rows of all ranks.
  public var rowCount: Int { distributed.rowCount }
  /// The rows of this rank, as the design numbers them.
  public var localRows: Range<Int> { distributed.localRows }
  /// The chunks of this rank.
  public var localChunks: [DesignChunk] { distributed.localChunks.map(chunk) }

  /// A chunk by its number in the design.
  package func chunk(_ index: Int) -> DesignChunk {
    let tableIndex = tableChunks?[index] ?? index
    return DesignChunk(
      rows: distributed.grid.rows(ofChunk: index), tableRows: tableGrid.rows(ofChunk: tableIndex), index: index,
      tableIndex: tableIndex)
  }

  /// The sum over all chunks, on all ranks; see ``DistributedRows/sum(_:add:)``. Collective.
  public func sum<Value: Reducible>(
    _ zero: Value, add: (inout Value, _ chunk: DesignChunk) throws -> Void
  ) throws -> Value {
    try distributed.sum(zero) { partial, index in try add(&partial, chunk(index)) }
  }
}
