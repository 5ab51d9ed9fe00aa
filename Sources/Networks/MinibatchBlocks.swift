import Communication

/// The rows of a minibatch, by their place in it, cut into blocks that are spread over ranks.
///
/// The blocks are the leaves of every sum over a minibatch: as few as can be of at most ``NetworkBlock/longest`` rows,
/// and as even as can be. They depend on the number of rows only, so neither does a sum on the number of ranks.
public struct MinibatchBlocks: Sendable {
  public let rowCount: Int
  /// The number of blocks of all ranks.
  public let count: Int
  /// The blocks as rows, each a chunk of its own.
  private let grid: DistributedRows

  public init(rowCount: Int, communicator: any Communicator) {
    precondition(rowCount > 0, "a minibatch has rows")
    self.rowCount = rowCount
    count = (rowCount + NetworkBlock.longest - 1) / NetworkBlock.longest
    grid = DistributedRows(rowCount: count, chunkLength: 1, communicator: communicator)
  }

  /// The blocks of this rank.
  public var local: Range<Int> { grid.localChunks }

  /// The places in the minibatch of the rows of a rank's blocks, by rank.
  var placesByRank: [Range<Int>] {
    grid.partition.chunks.map { start(ofBlock: $0.lowerBound)..<start(ofBlock: $0.upperBound) }
  }

  /// The places in the minibatch of a block's rows.
  public func rows(ofBlock block: Int) -> Range<Int> {
    start(ofBlock: block)..<start(ofBlock: block + 1)
  }

  private func start(ofBlock block: Int) -> Int { rowCount * block / count }

  /// The sum over all blocks, on all ranks: the same bits for every number of ranks.
  ///
  /// - Parameter add: adds a block of this rank; it must not communicate.
  /// - Throws: on all ranks the same failure, that of the first block whose `add` threw.
  public func sum<Value: Reducible>(_ zero: Value, add: (inout Value, _ block: Int) throws -> Void) throws -> Value {
    try grid.sum(zero, add: add)
  }
}
