import Communication
import Glibc

/// The replacement of a column's values by (value - shift) * factor.
struct AffineStep: Sendable {
  let slot: Int
  let shift: Double
  let factor: Double
}

/// Consecutive chunks in memory, column by column within each.
///
/// One buffer holds [chunk][slot][``RowGrid/columnStride`` rows] of eight bytes, where a real number or a code is a slot
/// and a vector as many as it is wide. So every column of a chunk is contiguous and 64-byte aligned. A slot holds either
/// Float64 or Int64, always the same.
public final class FrameChunks: @unchecked Sendable {
  public let schema: Schema
  /// What the chunks are of: it says which rows a chunk has.
  public let grid: RowGrid
  /// The chunks that the buffer holds, or will when it is filled.
  public private(set) var chunks: Range<Int>
  private let storage: UnsafeMutableRawBufferPointer

  static func bytesPerChunk(slotCount: Int, of grid: RowGrid) -> Int {
    slotCount * grid.columnStride * MemoryLayout<Double>.stride
  }

  /// - Parameter capacity: the number of chunks that fit.
  init(capacity: Int, schema: Schema, grid: RowGrid) {
    self.schema = schema
    self.grid = grid
    chunks = 0..<0
    let bytes = capacity * Self.bytesPerChunk(slotCount: schema.slotCount, of: grid)
    storage = .allocate(byteCount: max(64, bytes), alignment: 64)
    for chunk in 0..<capacity {
      for (index, column) in schema.columns.enumerated() {
        for slot in schema.slots(ofColumn: index) {
          let start = storage.baseAddress! + (chunk * schema.slotCount + slot) * grid.columnStride * 8
          if column.kind.holdsCodes {
            start.bindMemory(to: Int64.self, capacity: grid.columnStride)
          } else {
            start.bindMemory(to: Double.self, capacity: grid.columnStride)
          }
        }
      }
    }
  }

  deinit { storage.deallocate() }

  /// Makes room for chunks; all rows are yet to be filled in, those that the chunks lack are 0.
  func prepare(for chunks: Range<Int>) {
    precondition(chunks.count * Self.bytesPerChunk(slotCount: schema.slotCount, of: grid) <= storage.count)
    self.chunks = chunks
    // All chunks end short of the stride when they are shorter than the lanes, else only the last of all may.
    for chunk in grid.chunkLength < grid.columnStride ? chunks : chunks.suffix(1) {
      let used = grid.rows(ofChunk: chunk).count
      for slot in 0..<schema.slotCount {
        memset(address(slot, chunk: chunk) + used * 8, 0, (grid.columnStride - used) * 8)
      }
    }
  }

  /// Forgets what the buffer holds.
  func clear() { chunks = 0..<0 }

  private func address(_ slot: Int, chunk: Int) -> UnsafeMutableRawPointer {
    precondition(chunks.contains(chunk) && slot < schema.slotCount, "no such chunk or column on this rank")
    return storage.baseAddress! + ((chunk - chunks.lowerBound) * schema.slotCount + slot) * grid.columnStride * 8
  }

  /// The numbers of a slot of doubles.
  func doubles(_ slot: Int, chunk: Int) -> UnsafeMutablePointer<Double> {
    address(slot, chunk: chunk).assumingMemoryBound(to: Double.self)
  }

  /// The numbers of a real column in a chunk, or one component of a vector; the components of a vector follow each
  /// other at distances of ``RowGrid/columnStride``.
  ///
  /// - Precondition: the column is real or of vectors.
  public func reals(_ column: Int, component: Int = 0, chunk: Int) -> UnsafeMutablePointer<Double> {
    let slots = schema.slots(ofColumn: column)
    precondition(!schema.columns[column].kind.holdsCodes && component < slots.count, "no column of real numbers")
    return doubles(slots.lowerBound + component, chunk: chunk)
  }

  /// The codes of a column of integers or categories in a chunk.
  ///
  /// - Precondition: the column is of this kind.
  public func codes(_ column: Int, chunk: Int) -> UnsafeMutablePointer<Int64> {
    precondition(schema.columns[column].kind.holdsCodes, "no column of codes")
    return address(schema.slots(ofColumn: column).lowerBound, chunk: chunk).assumingMemoryBound(to: Int64.self)
  }

  /// The bytes of a slot for the rows in use.
  func bytes(_ slot: Int, chunk: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: address(slot, chunk: chunk), count: grid.rows(ofChunk: chunk).count * 8)
  }

  func apply(_ steps: [AffineStep]) {
    for chunk in chunks {
      let rowCount = grid.rows(ofChunk: chunk).count
      for step in steps {
        let values = doubles(step.slot, chunk: chunk)
        let (shift, factor) = (step.shift, step.factor)
        for row in 0..<rowCount { values[row] = (values[row] - shift) * factor }
      }
    }
  }
}
