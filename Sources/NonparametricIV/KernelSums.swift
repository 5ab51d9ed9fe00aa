import Communication
import LinearAlgebra

/// The products of Nyström features Q of the instruments' side, P of (t, x), and y, over some parts of the rows.
struct KernelSums: Sendable {
  /// One part of the rows, or several together.
  struct Part: Sendable {
    /// Σ v.
    let weight: Double
    /// Q'Q, Q'P, P'P.
    let dual: Matrix
    let cross: Matrix
    let structural: Matrix
    /// Q'y, P'y, y'y.
    let dualOutcome: [Double]
    let structuralOutcome: [Double]
    let outcomeSquares: Double

    /// - Parameter gram: of (1, Q, P, y).
    fileprivate init(_ gram: Matrix, dualCount: Int) {
      let (last, q) = (gram.columns - 1, Array(1..<1 + dualCount))
      let p = Array(1 + dualCount..<last)
      weight = gram[0, 0]
      dual = gram.selecting(rows: q, columns: q)
      cross = gram.selecting(rows: q, columns: p)
      structural = gram.selecting(rows: p, columns: p)
      dualOutcome = q.map { gram[$0, last] }
      structuralOutcome = p.map { gram[$0, last] }
      outcomeSquares = gram[last, last]
    }
  }

  /// Packed triangles of the Gram matrices of (1, Q, P, y), one for each part.
  private let triangles: [ArraySlice<Double>]
  private let dualCount: Int
  private let order: Int

  /// Rows whose features stay in the cache together.
  private static let blockLength = 128

  /// One pass. Collective.
  init(
    _ source: some StructuralRows, dual: KernelFeatures, structural: KernelFeatures, parts: RowParts
  ) throws {
    let order = dual.count + structural.count + 2
    let length = PackedTriangle.count(order: order)
    let sums = try source.rows.sum([Double](repeating: 0, count: parts.count * length)) { sums, chunk in
      let first = source.rows.grid.rows(ofChunk: chunk).lowerBound
      try source.withChunk(chunk) { block in
        for part in 0..<parts.count {
          let rows = (0..<block.rowCount).filter {
            (block.weights?[$0] ?? 1) > 0 && parts(row: first + $0) == part
          }
          sums.withUnsafeMutableBufferPointer {
            Self.addGram(of: block, rows, dual, structural, to: $0.baseAddress! + part * length)
          }
        }
      }
    }
    triangles = (0..<parts.count).map { sums[$0 * length..<($0 + 1) * length] }
    dualCount = dual.count
    self.order = order
  }

  /// Several parts together.
  subscript(parts: [Int]) -> Part {
    var sum = Array(triangles[parts[0]])
    for part in parts.dropFirst() {
      for (place, value) in triangles[part].enumerated() { sum[place] += value }
    }
    return Part(Matrix(packedTriangle: sum[...], order: order), dualCount: dualCount)
  }

  /// Σ v of each part.
  var weights: [Double] { triangles.map { $0.first! } }

  private static func addGram(
    of block: StructuralChunk, _ rows: [Int], _ dual: KernelFeatures, _ structural: KernelFeatures,
    to sums: UnsafeMutablePointer<Double>
  ) {
    let (stride, order) = (blockLength, dual.count + structural.count + 2)
    let sources = block.columns
    let gathered = AlignedBuffer(count: sources.count * stride)
    let features = AlignedBuffer(count: order * stride)
    let weights = AlignedBuffer(count: stride)
    features.pointer.update(repeating: 1, count: stride)
    let columns = sources.indices.map { UnsafePointer(gathered.pointer + $0 * stride) }
    let products = (0..<order).map { UnsafePointer(features.pointer + $0 * stride) as UnsafePointer<Double>? }
    for start in Swift.stride(from: 0, to: rows.count, by: stride) {
      let own = rows[start..<min(start + stride, rows.count)]
      for (place, row) in own.enumerated() {
        for (j, source) in sources.enumerated() { gathered.pointer[j * stride + place] = source[row] }
        weights.pointer[place] = block.weights?[row] ?? 1
      }
      for place in own.count..<stride { weights.pointer[place] = 0 }
      dual.evaluate(columns, rowCount: own.count, into: features.pointer + stride, stride: stride)
      structural.evaluate(
        columns, rowCount: own.count, into: features.pointer + (1 + dual.count) * stride, stride: stride)
      (features.pointer + (order - 1) * stride).update(from: columns[0], count: stride)
      products.withUnsafeBufferPointer {
        Kernel.addWeightedGram(
          of: Kernel.Block(columns: $0.baseAddress!, columnCount: order, rowCount: own.count),
          weights: weights.pointer, groupCount: 1, stride: stride, to: sums)
      }
    }
  }
}
