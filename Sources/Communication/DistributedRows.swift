/// A value that adds: what a pass over the rows sums, packed into one buffer of doubles and so into one reduction.
public protocol Reducible: Sendable {
  /// The value as summands, in a fixed order and of a number that all ranks share.
  var summands: [Double] { get set }
}

/// The rows of a problem, spread over ranks: the only view of parallel work that an algorithm has.
///
/// An algorithm asks for a sum over chunks and never sees a rank:
/// ```swift
/// let total = try rows.sum(SufficientStatistics(groups: 3, columns: 5)) { partial, chunk in
///   partial.add(table.block(ofChunk: chunk), …)
/// }
/// ```
public struct DistributedRows: Sendable {
  public let partition: Partition
  public let communicator: any Communicator

  public init(partition: Partition, communicator: any Communicator) {
    precondition(partition.chunks.count == communicator.size)
    self.partition = partition
    self.communicator = communicator
  }

  /// The chunks of a grid, spread evenly over the ranks.
  public init(grid: RowGrid, communicator: any Communicator) {
    self.init(partition: Partition(grid: grid, ranks: communicator.size), communicator: communicator)
  }

  /// Rows in chunks of a length, spread evenly over the ranks.
  public init(rowCount: Int, chunkLength: Int = RowGrid.defaultChunkLength, communicator: any Communicator) {
    self.init(grid: RowGrid(rowCount: rowCount, chunkLength: chunkLength), communicator: communicator)
  }

  public var grid: RowGrid { partition.grid }
  /// The number of rows of all ranks.
  public var rowCount: Int { grid.rowCount }
  /// The chunks of this rank.
  public var localChunks: Range<Int> { partition.chunks[communicator.rank] }
  /// The global rows of this rank.
  public var localRows: Range<Int> { grid.rows(ofChunks: localChunks) }
}
