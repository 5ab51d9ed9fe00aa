import Frames
import LinearAlgebra

extension ProxyMoments {
  /// Adds the products of the features of a chunk's rows to the sums of their groups.
  mutating func addProducts(
    _ frame: Frame, chunk: Int, _ scale: OutcomeScale, _ workspace: ProductWorkspace
  ) throws {
    var cells = RowCells(frame)
    groups.addPlaces(to: &cells, stride: 1)
    let sorted = SortedRows(try cells.numbers(ofChunk: chunk), groupCount: groups.count)
    let (order, stride) = (order, sorted.rows.count)
    let buffer = workspace.pointer(count: (order + 3) * stride)
    let weights = buffer + order * stride
    try treatment.fill(sorted.rows, of: frame, chunk: chunk, into: buffer)
    try outcome.fill(sorted.rows, of: frame, chunk: chunk, into: buffer + treatment.allCount * stride)
    let y = try frame.outcome(chunk: chunk)!
    let weight = try frame.weight(chunk: chunk)
    let (width, counts) = (groupWidth, triangleCounts)
    let treatmentCount = treatment.allCount
    summands.withUnsafeMutableBufferPointer { sums in
      for piece in sorted.pieces {
        let start = sums.baseAddress! + piece.group * width
        for place in piece.places {
          let row = Int(sorted.rows[place])
          let w = weight?[row] ?? 1
          let value = (y[row] - scale.center) * scale.factor
          weights[place] = w
          weights[stride + place] = w * value
          weights[2 * stride + place] = w * value * value
          start[0] += 1
          start[1] += w
          start[2] += w * w
        }
        for place in piece.places.upperBound..<piece.paddedEnd {
          for part in 0..<3 { weights[part * stride + place] = 0 }
        }
        func add(_ features: Range<Int>, power: Int, count: Int, to sums: UnsafeMutablePointer<Double>) {
          let first = piece.places.lowerBound
          let columns = features.map { Optional(UnsafePointer(buffer + $0 * stride + first)) }
          Kernel.addWeightedGram(
            of: Kernel.Block(columns: columns, columnCount: columns.count, rowCount: piece.places.count),
            weights: weights + power * stride + first, groupCount: count, stride: stride, to: sums)
        }
        let products = start + Self.headCount
        add(0..<order, power: 0, count: 2, to: products)
        add(0..<treatmentCount, power: 2, count: 1, to: products + 2 * counts.both)
        add(treatmentCount..<order, power: 2, count: 1, to: products + 2 * counts.both + counts.treatment)
      }
    }
  }
}

/// Memory for the features of a chunk, kept from one chunk to the next.
final class ProductWorkspace {
  private var buffer = AlignedBuffer(count: 0)

  /// So many numbers, which hold anything.
  func pointer(count: Int) -> UnsafeMutablePointer<Double> {
    if buffer.count < count { buffer = AlignedBuffer(count: count) }
    return buffer.pointer
  }
}

/// The rows of a chunk by group, in their order within each; every group begins at a multiple of the kernel's lanes.
private struct SortedRows {
  /// Rows that kernels take at a time.
  private static let rowsAtATime = 512

  /// A row for every place; that of the places between groups is one of the chunk's.
  private(set) var rows: [Int32]
  /// The places of each group, in pieces.
  private(set) var pieces: [(group: Int, places: Range<Int>, paddedEnd: Int)] = []

  init(_ groups: [Int32], groupCount: Int) {
    var counts = Array(repeating: 0, count: groupCount)
    for group in groups { counts[Int(group)] += 1 }
    var next: [Int] = []
    var end = 0
    for (group, count) in counts.enumerated() {
      next.append(end)
      for start in stride(from: 0, to: count, by: Self.rowsAtATime) {
        let places = end + start..<end + min(count, start + Self.rowsAtATime)
        pieces.append((group, places, places.lowerBound + Kernel.paddedCount(places.count)))
      }
      end += Kernel.paddedCount(count)
    }
    rows = Array(repeating: 0, count: end)
    for (row, group) in groups.enumerated() {
      rows[next[Int(group)]] = Int32(row)
      next[Int(group)] += 1
    }
  }
}
