/// The fixed cut of the global rows into chunks, the leaves of every reduction.
///
/// The grid is laid over the global row index (shards in their given order), not over ranks or files, so what is
/// computed on a chunk does not depend on either.
public struct RowGrid: Sendable, Equatable {
  /// Rows of a chunk. A power of two and a multiple of the kernels' eight lanes; small enough that a few thousand rows
  /// still spread over ranks, large enough that folding a chunk's partial sums costs nothing beside making them.
  public static let chunkLength = 1024

  /// The number of rows of all ranks.
  public let rowCount: Int

  public init(rowCount: Int) {
    precondition(rowCount >= 0)
    self.rowCount = rowCount
  }

  /// The number of chunks; the last one may be short.
  public var chunkCount: Int { (rowCount + Self.chunkLength - 1) / Self.chunkLength }

  /// The global rows of a chunk.
  public func rows(ofChunk chunk: Int) -> Range<Int> {
    chunk * Self.chunkLength..<min((chunk + 1) * Self.chunkLength, rowCount)
  }

  /// The global rows of consecutive chunks.
  public func rows(ofChunks chunks: Range<Int>) -> Range<Int> {
    min(chunks.lowerBound * Self.chunkLength, rowCount)..<min(chunks.upperBound * Self.chunkLength, rowCount)
  }
}

/// Which rank owns which chunks: one run of consecutive chunks per rank, possibly empty, in any order of ranks.
public struct Partition: Sendable, Equatable {
  public let grid: RowGrid
  /// The chunks of each rank, indexed by rank.
  public let chunks: [Range<Int>]

  /// - Precondition: the ranges are disjoint and cover `0 ..< grid.chunkCount`.
  public init(grid: RowGrid, chunks: [Range<Int>]) {
    let ordered = chunks.filter { !$0.isEmpty }.sorted { $0.lowerBound < $1.lowerBound }
    var end = 0
    for range in ordered {
      precondition(range.lowerBound == end, "the chunks of the ranks must cover the grid once")
      end = range.upperBound
    }
    precondition(end == grid.chunkCount, "the chunks of the ranks must cover the grid once")
    self.grid = grid
    self.chunks = chunks
  }

  /// Chunks spread evenly over `ranks` in order; with fewer chunks than ranks, some own none.
  public init(grid: RowGrid, ranks: Int) {
    let count = grid.chunkCount
    self.init(grid: grid, chunks: (0..<ranks).map { count * $0 / ranks..<count * ($0 + 1) / ranks })
  }

  /// The rank that owns a chunk.
  public func owner(ofChunk chunk: Int) -> Int {
    chunks.firstIndex { $0.contains(chunk) }!
  }
}
