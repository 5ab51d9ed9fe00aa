import LinearAlgebra

/// Columns 1, W, Z, D, y of one block of rows, standardised, one after another, and the row weights.
struct StandardizedRows {
  /// Numbers from one column to the next.
  let stride = InstrumentalChunk.blockLength
  let columns: AlignedBuffer
  /// v, with mean 1 over all rows and 0 behind those of the block.
  let weights: AlignedBuffer

  /// - Parameter columnCount: with the constant.
  init(columnCount: Int) {
    columns = AlignedBuffer(count: columnCount * stride)
    weights = AlignedBuffer(count: stride)
    columns.pointer.update(repeating: 1, count: stride)
  }

  /// Takes the rows of a block.
  ///
  /// - Parameter kept: which of W, Z, D, y to take, in this order.
  func fill(_ block: InstrumentalChunk, _ standardization: Standardization, kept: [Int]) {
    _ = weights.copyWeights(of: block, factor: standardization.weightFactor)
    let count = Kernel.paddedCount(block.rowCount)
    for (place, column) in kept.enumerated() {
      let (source, target) = (block.columns[column], columns.pointer + (place + 1) * stride)
      let (center, factor) = (standardization.centers[column], 1 / standardization.scales[column])
      for row in 0..<count { target[row] = (source[row] - center) * factor }
    }
  }

  func column(_ index: Int) -> UnsafeMutablePointer<Double> { columns.pointer + index * stride }
}

extension Kernel {
  /// Adds, per group of weights, the packed triangles of Σ w c c' over columns that lie anywhere.
  static func addWeightedGram(
    of columns: [UnsafeMutablePointer<Double>], rowCount: Int, weights: UnsafePointer<Double>, groupCount: Int,
    stride: Int, to sums: inout [Double], at start: Int
  ) {
    guard !columns.isEmpty, groupCount > 0 else { return }
    let pointers = columns.map { Optional(UnsafePointer($0)) }
    pointers.withUnsafeBufferPointer { pointers in
      sums.withUnsafeMutableBufferPointer { sums in
        Kernel.addWeightedGram(
          of: Block(columns: pointers.baseAddress!, columnCount: pointers.count, rowCount: rowCount), weights: weights,
          groupCount: groupCount, stride: stride, to: sums.baseAddress! + start)
      }
    }
  }
}
