import Communication

/// Where a frame keeps its rows.
public enum FrameStorage: Sendable, Equatable {
  /// Rows are kept in memory, read or generated once.
  case memory
  /// Where they come from, read or generated anew in every pass through two windows of so many bytes.
  case stream(windowBytes: Int = 16 << 20)

  /// Bytes of columns that a rank holds in memory.
  ///
  /// - Parameter columnCount: the columns; one of vectors counts as many times as it is wide.
  public func residentBytes(chunkCount: Int, columnCount: Int, of grid: RowGrid) -> Int {
    let all = chunkCount * FrameChunks.bytesPerChunk(slotCount: columnCount, of: grid)
    switch self {
    case .memory: return all
    case .stream(let windowBytes): return min(all, FrameStream.windowCount * windowBytes)
    }
  }
}
