import Communication
import Diagnostics

/// The chunks of a rank, read from their source whenever they are asked for, in memory that does not grow with them.
///
/// A pass asks for chunks in ascending order: it goes through windows of consecutive chunks, and while it is in one,
/// a thread reads the next (after the last, the first: passes repeat). A chunk that is asked for out of this order, as
/// by starts that are tried on a few chunks, is read alone and kept among those last asked for.
///
/// One thread at a time may ask; what it is given holds until it asks for another chunk.
final class FrameStream: @unchecked Sendable {
  private let localChunks: Range<Int>
  private let windowLength: Int
  private var reader: ChunkReader
  /// The window that the pass is in, and the one that is read ahead.
  private var front: FrameChunks
  private var back: FrameChunks
  private var scattered: ChunkCache
  private let ahead = ReadAhead()

  /// Two windows, and as many bytes as one of them for single chunks.
  static let windowCount = 3

  init(_ reader: ChunkReader, localChunks: Range<Int>, windowBytes: Int) {
    let chunkBytes = FrameChunks.bytesPerChunk(slotCount: reader.schema.slotCount, of: reader.grid)
    let length = max(1, windowBytes / max(1, chunkBytes))
    self.localChunks = localChunks
    windowLength = min(length, max(1, localChunks.count))
    front = reader.buffer(capacity: windowLength)
    back = reader.buffer(capacity: windowLength)
    scattered = ChunkCache(capacity: length)
    self.reader = reader
  }

  /// The columns of a chunk, among others.
  ///
  /// - Throws: ``Failure`` when it cannot be read.
  func chunks(with chunk: Int) throws -> FrameChunks {
    if front.chunks.contains(chunk) { return front }
    precondition(localChunks.contains(chunk), "no such chunk on this rank")
    let isNext = chunk == front.chunks.upperBound && !front.chunks.isEmpty
    guard isNext || chunk == localChunks.lowerBound else { return try scattered.chunks(with: chunk, from: reader) }
    try enter(window(at: chunk))
    return front
  }

  /// Applies steps to all rows, after those before.
  func append(_ steps: [AffineStep]) {
    _ = ahead.finish()
    front.clear()
    scattered.clear()
    reader.steps += steps
  }

  private func window(at chunk: Int) -> Range<Int> {
    let start = chunk < localChunks.upperBound ? chunk : localChunks.lowerBound
    return start..<min(start + windowLength, localChunks.upperBound)
  }

  private func enter(_ window: Range<Int>) throws {
    var read = ahead.finish()
    if read?.chunks != window {
      ahead.start(.init(chunks: window, reader: reader, target: back))
      read = ahead.finish()
    }
    if let failure = read?.failure { throw failure }
    swap(&front, &back)
    let next = self.window(at: window.upperBound)
    if next != window { ahead.start(.init(chunks: next, reader: reader, target: back)) }
  }
}

/// Single chunks, of which those asked for last are kept.
private struct ChunkCache {
  let capacity: Int
  private var entries: [Int: (chunks: FrameChunks, lastUse: Int)] = [:]
  private var uses = 0

  init(capacity: Int) {
    self.capacity = capacity
  }

  mutating func chunks(with chunk: Int, from reader: ChunkReader) throws -> FrameChunks {
    uses += 1
    if let entry = entries[chunk] {
      entries[chunk]!.lastUse = uses
      return entry.chunks
    }
    let chunks = vacated() ?? reader.buffer(capacity: 1)
    try reader.read(chunk..<chunk + 1, into: chunks)
    entries[chunk] = (chunks, uses)
    return chunks
  }

  /// The buffer of the chunk that was not asked for longest, when there is no room for another.
  private mutating func vacated() -> FrameChunks? {
    guard entries.count >= capacity, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) else {
      return nil
    }
    return entries.removeValue(forKey: oldest.key)?.chunks
  }

  mutating func clear() { entries = [:] }
}
