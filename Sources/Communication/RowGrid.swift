/// The fixed cut of the global rows into chunks, the leaves of every reduction.
///
/// The grid is laid over the global row index (shards in their given order), not over ranks or files, so what is
/// computed on a chunk does not depend on either. The length of a chunk decides in which order rows are added, so it is
/// chosen by the problem; see ``chunkLength(rowCount:minimumChunks:)``.
public struct RowGrid: Sendable, Equatable {
  /// Rows of a chunk where rows are many and light: small enough that a few thousand still spread over ranks, large
  /// enough that folding a chunk's partial sums costs nothing beside making them.
  public static let defaultChunkLength = 1024

  /// The number of rows of all ranks.
  public let rowCount: Int
  /// Rows of every chunk but the last, which may be shorter: a power of two.
  public let chunkLength: Int

  /// - Precondition: `chunkLength` is a power of two.
  public init(rowCount: Int, chunkLength: Int = defaultChunkLength) {
    precondition(rowCount >= 0 && chunkLength > 0 && chunkLength & (chunkLength - 1) == 0)
    self.rowCount = rowCount
    self.chunkLength = chunkLength
  }

  /// The chunk length for rows that are few and heavy, such as states, counties or images: the longest one, up to
  /// ``defaultChunkLength``, with which they make at least `minimumChunks` chunks; 1 where no length does.
  ///
  /// It depends on the problem only, never on the number of ranks, for the bits of sums depend on it. With the default
  /// of 64 chunks, 39 rows are 39 chunks, 2000 rows are 125 of 16, and from 64,513 rows on it is
  /// ``defaultChunkLength``.
  public static func chunkLength(rowCount: Int, minimumChunks: Int = 64) -> Int {
    var length = defaultChunkLength
    while length > 1, (rowCount + length - 1) / length < minimumChunks { length /= 2 }
    return length
  }

  /// The number of chunks; the last one may be short.
  public var chunkCount: Int { (rowCount + chunkLength - 1) / chunkLength }

  /// Numbers from one column of a chunk to the next where columns are stored: the chunk length, padded so that every
  /// column begins at a multiple of 64 bytes and fills the kernels' eight lanes.
  public var columnStride: Int { (chunkLength + 7) / 8 * 8 }

  /// The chunk that holds a global row.
  public func chunk(ofRow row: Int) -> Int { row / chunkLength }

  /// The global rows of a chunk.
  public func rows(ofChunk chunk: Int) -> Range<Int> {
    chunk * chunkLength..<min((chunk + 1) * chunkLength, rowCount)
  }

  /// The global rows of consecutive chunks.
  public func rows(ofChunks chunks: Range<Int>) -> Range<Int> {
    min(chunks.lowerBound * chunkLength, rowCount)..<min(chunks.upperBound * chunkLength, rowCount)
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
