import Communication
import LinearAlgebra

/// Sums of products of real columns and components of vectors over all rows, times the row weights when the frame has
/// them. All are collective, and throw a ``Failure`` when a rank fails or a value is missing.
extension Frame {
  /// Σ w c c' [p + 1, p + 1] with c = (1, the columns), where a vector stands for its components.
  ///
  /// - Precondition: the columns are real or of vectors.
  public func crossProducts(of columns: [Int]) throws -> Matrix {
    try requireComplete(columns)
    let slots = slots(of: columns)
    let order = slots.count + 1
    let ones = RowsOfOnes(rows.grid)
    let sums = try rows.sum([Double](repeating: 0, count: PackedTriangle.count(order: order))) { partial, chunk in
      let chunks = try chunks(with: chunk)
      let rowCount = rowCount(ofChunk: chunk)
      let pointers = [UnsafePointer(ones.all)] + slots.map { UnsafePointer(chunks.doubles($0, chunk: chunk)) }
      Self.addGram(
        of: pointers, rowCount: rowCount, weights: try weight(chunk: chunk) ?? ones.first(rowCount),
        stride: rows.grid.columnStride, to: &partial, at: 0)
    }
    return Matrix(packedTriangle: sums, order: order)
  }

  /// ``crossProducts(of:)`` over the rows of each level of a categorical column; rows in which it is missing count for
  /// none.
  ///
  /// - Returns: one matrix for each level, all 0 where no row has it.
  /// - Precondition: `category` is categorical, the columns are real or of vectors.
  public func crossProducts(of columns: [Int], byLevelOf category: Int) throws -> [Matrix] {
    guard let levels = schema.columns[category].kind.levels else { preconditionFailure("the column has no levels") }
    try requireComplete(columns)
    let slots = slots(of: columns)
    let order = slots.count + 1
    let length = PackedTriangle.count(order: order)
    let sums = try rows.sum([Double](repeating: 0, count: levels.count * length)) { partial, chunk in
      let grouped = try RowsByLevel(self, slots: slots, category: category, chunk: chunk)
      withExtendedLifetime(grouped) {
        for (level, range) in grouped.ranges {
          Self.addGram(
            of: grouped.columns.map { $0 + range.lowerBound }, rowCount: range.count,
            weights: grouped.weights + range.lowerBound, stride: Kernel.paddedCount(range.count), to: &partial,
            at: level * length)
        }
      }
    }
    return levels.indices.map { Matrix(packedTriangle: sums[$0 * length..<($0 + 1) * length], order: order) }
  }

  /// Σ w a b' [p, q] with the columns a and b, where a vector stands for its components; no constant is added.
  ///
  /// - Precondition: the columns are real or of vectors.
  public func crossProducts(of left: [Int], with right: [Int]) throws -> Matrix {
    try requireComplete(left + right)
    let (leftSlots, rightSlots) = (slots(of: left), slots(of: right))
    let weighted = AlignedBuffer(count: rows.grid.columnStride)
    let sums = try rows.sum([Double](repeating: 0, count: leftSlots.count * rightSlots.count)) { partial, chunk in
      let chunks = try chunks(with: chunk)
      let rowCount = rowCount(ofChunk: chunk)
      let weight = try weight(chunk: chunk)
      for (i, leftSlot) in leftSlots.enumerated() {
        let values = chunks.doubles(leftSlot, chunk: chunk)
        for row in 0..<rowCount { weighted.pointer[row] = (weight?[row] ?? 1) * values[row] }
        // The rows behind those in use are 0 in the other factor.
        for (j, rightSlot) in rightSlots.enumerated() {
          partial[i * rightSlots.count + j] += dotProduct(
            weighted.pointer, chunks.doubles(rightSlot, chunk: chunk), count: Kernel.paddedCount(rowCount))
        }
      }
    }
    return Matrix(rows: leftSlots.count, columns: rightSlots.count, values: sums)
  }

  private func slots(of columns: [Int]) -> [Int] {
    columns.flatMap { column in
      let kind = schema.columns[column].kind
      precondition(!kind.holdsCodes && kind != .text, "only real numbers have products")
      return Array(schema.slots(ofColumn: column))
    }
  }

  private static func addGram(
    of columns: [UnsafePointer<Double>], rowCount: Int, weights: UnsafePointer<Double>, stride: Int,
    to sums: inout [Double], at start: Int
  ) {
    let pointers = columns.map(Optional.some)
    pointers.withUnsafeBufferPointer { pointers in
      let block = Kernel.Block(columns: pointers.baseAddress!, columnCount: pointers.count, rowCount: rowCount)
      sums.withUnsafeMutableBufferPointer {
        Kernel.addWeightedGram(of: block, weights: weights, groupCount: 1, stride: stride, to: $0.baseAddress! + start)
      }
    }
  }
}

/// The sum of products in eight lanes that are folded in a fixed order.
///
/// - Precondition: both begin at a multiple of 64 bytes, and `count` is a multiple of 8.
private func dotProduct(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, count: Int) -> Double {
  var lanes = SIMD8<Double>.zero
  let (a, b) = (UnsafeRawPointer(a), UnsafeRawPointer(b))
  for offset in stride(from: 0, to: count * 8, by: 64) {
    lanes +=
      a.load(fromByteOffset: offset, as: SIMD8<Double>.self) * b.load(fromByteOffset: offset, as: SIMD8<Double>.self)
  }
  let four = lanes.lowHalf + lanes.highHalf
  let two = four.lowHalf + four.highHalf
  return two.x + two.y
}

/// The constant column, and weights of 1 for the rows in use.
private struct RowsOfOnes {
  private let constant: AlignedBuffer
  private let weights: AlignedBuffer

  init(_ grid: RowGrid) {
    constant = AlignedBuffer(count: grid.columnStride)
    constant.pointer.update(repeating: 1, count: constant.count)
    weights = AlignedBuffer(count: grid.columnStride)
  }

  var all: UnsafeMutablePointer<Double> { constant.pointer }

  /// 1 for so many rows, and 0 behind them.
  func first(_ count: Int) -> UnsafePointer<Double> {
    weights.pointer.update(repeating: 1, count: count)
    (weights.pointer + count).update(repeating: 0, count: weights.count - count)
    return UnsafePointer(weights.pointer)
  }
}

/// The rows of a chunk, copied so that those of one level follow each other, in their order, from a multiple of the
/// kernels' lanes on.
private struct RowsByLevel {
  /// The levels that rows of the chunk have, ascending, and where their rows lie.
  private(set) var ranges: [(level: Int, range: Range<Int>)] = []
  /// The constant and the columns; rows between the ranges are 0.
  let columns: [UnsafePointer<Double>]
  let weights: UnsafePointer<Double>
  private let storage: AlignedBuffer

  init(_ frame: Frame, slots: [Int], category: Int, chunk: Int) throws {
    let rowCount = frame.rowCount(ofChunk: chunk)
    let codes = try frame.codes(category, chunk: chunk)
    var counts: [Int: Int] = [:]
    for row in 0..<rowCount where codes[row] >= 0 { counts[Int(codes[row]), default: 0] += 1 }
    var starts: [Int: Int] = [:]
    var length = 0
    for (level, count) in counts.sorted(by: { $0.key < $1.key }) {
      starts[level] = length
      ranges.append((level, length..<length + count))
      length += Kernel.paddedCount(count)
    }
    storage = AlignedBuffer(count: (slots.count + 2) * length)
    let base = storage.pointer
    weights = UnsafePointer(base)
    columns = (1..<slots.count + 2).map { UnsafePointer(base + $0 * length) }
    let places: [(row: Int, place: Int)] = (0..<rowCount).compactMap { row in
      guard codes[row] >= 0 else { return nil }
      let level = Int(codes[row])
      defer { starts[level]! += 1 }
      return (row, starts[level]!)
    }
    let chunks = try frame.chunks(with: chunk)
    let weight = try frame.weight(chunk: chunk)
    for (row, place) in places {
      base[place] = weight?[row] ?? 1
      base[length + place] = 1
    }
    for (index, slot) in slots.enumerated() {
      let (source, target) = (chunks.doubles(slot, chunk: chunk), base + (index + 2) * length)
      for (row, place) in places { target[place] = source[row] }
    }
  }
}
