import LinearAlgebra

/// Columns 1, W, Z, D, y of one block of rows, standardised, one after another, and their weights.
struct StandardizedRows {
  /// Numbers from one column to the next.
  let stride = InstrumentalChunk.blockLength
  let columns: AlignedBuffer
  /// v, with mean 1 over all observations and 0 behind those of the block.
  let weights: AlignedBuffer
  /// f v, f the number of observations that a row stands for.
  let totals: AlignedBuffer

  /// - Parameter columnCount: with the constant.
  init(columnCount: Int) {
    columns = AlignedBuffer(count: columnCount * stride)
    weights = AlignedBuffer(count: stride)
    totals = AlignedBuffer(count: stride)
    columns.pointer.update(repeating: 1, count: stride)
  }

  /// Takes the rows of a block.
  ///
  /// - Parameter kept: which of W, Z, D, y to take, in this order.
  func fill(_ block: InstrumentalChunk, _ standardization: Standardization, kept: [Int]) {
    _ = block.fillWeights(factor: standardization.weightFactor, own: weights, totals: totals)
    let count = Kernel.paddedCount(block.rowCount)
    for (place, column) in kept.enumerated() {
      let (source, target) = (block.columns[column], columns.pointer + (place + 1) * stride)
      let (center, factor) = (standardization.centers[column], 1 / standardization.scales[column])
      for row in 0..<count { target[row] = (source[row] - center) * factor }
    }
  }

  func column(_ index: Int) -> UnsafeMutablePointer<Double> { columns.pointer + index * stride }

  /// target = form · columns, for the forms that are the rows of a matrix, over the first columns.
  func forward(_ form: Matrix, into target: UnsafeMutablePointer<Double>, _ count: Int) {
    Kernel.Layer(inputs: form.columns - 1, outputs: form.rows, rowCount: count, stride: stride)
      .forward(weights: form.values, inputs: columns.pointer, outputs: target)
  }
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
