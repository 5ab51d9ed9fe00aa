import Communication
import Frames
import LinearAlgebra

/// What a pass over the rows sums: for every stratum, arm and block the moments E[φφ'], E[y φφ'] and E[y² φφ'] of the
/// features φ of both sides. All answers are functions of it.
///
/// Where both sides are joint cells, they are counts, sums of y and of y², three numbers for each pair of cells; else three
/// triangles of sums of products. The outcome is that of ``OutcomeScale``.
struct ProxyMoments: Reducible {
  let groups: RowGroups
  let treatment: ProxyFeatures
  let outcome: ProxyFeatures
  /// The sums, group after group: rows, weights, squares of weights, and the three parts.
  var summands: [Double]

  init(_ groups: RowGroups, treatment: ProxyFeatures, outcome: ProxyFeatures) {
    self.groups = groups
    self.treatment = treatment
    self.outcome = outcome
    summands = []
    summands = Array(repeating: 0, count: groups.count * groupWidth)
  }

  /// Numbers before the three parts of a group.
  static let headCount = 3
  var isTable: Bool { treatment.isOneHot && outcome.isOneHot }
  var order: Int { treatment.allCount + outcome.allCount }
  /// The numbers of one of the three parts.
  var partWidth: Int {
    isTable ? treatment.allCount * outcome.allCount : PackedTriangle.count(order: order)
  }
  var groupWidth: Int { Self.headCount + 3 * partWidth }

  /// The chunk length for these sums: so long that adding the sums of chunks costs little beside making them, and that
  /// the rows of a group within a chunk are many.
  static func chunkLength(rowCount: Int) -> Int {
    var length = 1 << 14
    while length > RowGrid.defaultChunkLength, rowCount < 64 * length { length /= 2 }
    return length
  }

  /// Sums over the rows in one pass. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` when a rank fails.
  func sum(over frame: Frame, _ scale: OutcomeScale) throws -> ProxyMoments {
    try frame.rows.sum(self) { partial, chunk in
      if partial.isTable {
        try partial.addTable(frame, chunk, scale)
      } else {
        try partial.addProducts(frame, chunk, scale)
      }
    }
  }

  // MARK: Tables of cells

  private mutating func addTable(_ frame: Frame, _ chunk: Int, _ scale: OutcomeScale) throws {
    let count = frame.rowCount(ofChunk: chunk)
    let (columns, width) = (outcome.allCount, groupWidth)
    let codes = UnsafeMutablePointer<Int32>.allocate(capacity: 3 * count)
    defer { codes.deallocate() }
    try groups.fill(frame, chunk: chunk, into: codes)
    try treatment.fillCells(frame, chunk: chunk, into: codes + count)
    try outcome.fillCells(frame, chunk: chunk, into: codes + 2 * count)
    let y = try frame.outcome(chunk: chunk)!
    let weight = try frame.weight(chunk: chunk)
    let (center, factor) = (scale.center, scale.factor)
    summands.withUnsafeMutableBufferPointer { sums in
      let base = sums.baseAddress!
      for row in 0..<count {
        let start = base + Int(codes[row]) &* width
        let cell = start + Self.headCount + 3 &* (Int(codes[count + row]) &* columns &+ Int(codes[2 * count + row]))
        let value = (y[row] - center) * factor
        if let weight {
          let w = weight[row]
          start[0] += 1
          start[2] += w * w
          cell[0] += w
          cell[1] += w * value
          cell[2] += w * value * value
        } else {
          cell[0] += 1
          cell[1] += value
          cell[2] += value * value
        }
      }
    }
    completeHeads(isWeighted: weight != nil)
  }

  /// What the cells of a chunk tell of its groups: the sum of the weights and, where each is 1, the number of rows.
  private mutating func completeHeads(isWeighted: Bool) {
    for group in 0..<groups.count {
      let start = group * groupWidth
      var weight = 0.0
      for cell in 0..<partWidth { weight += summands[start + Self.headCount + 3 * cell] }
      summands[start + 1] = weight
      if !isWeighted { (summands[start], summands[start + 2]) = (weight, weight) }
    }
  }

  // MARK: Sums of products

  private mutating func addProducts(_ frame: Frame, _ chunk: Int, _ scale: OutcomeScale) throws {
    let count = frame.rowCount(ofChunk: chunk)
    let codes = UnsafeMutablePointer<Int32>.allocate(capacity: count)
    defer { codes.deallocate() }
    try groups.fill(frame, chunk: chunk, into: codes)
    let sorted = SortedRows(codes, count: count, groupCount: groups.count)
    let evaluators = try [treatment, outcome].map { try FeatureEvaluator($0, frame, chunk: chunk) }
    let y = try frame.outcome(chunk: chunk)!
    let weight = try frame.weight(chunk: chunk)
    let stride = Kernel.paddedCount(min(Self.rowsAtATime, sorted.largestCount))
    let order = order
    let buffer = AlignedBuffer(count: (order + 3) * stride)
    let weights = buffer.pointer + order * stride
    let columns = (0..<order).map { Optional(UnsafePointer(buffer.pointer + $0 * stride)) }
    let width = groupWidth
    summands.withUnsafeMutableBufferPointer { sums in
      for piece in sorted.pieces(of: Self.rowsAtATime) {
        let start = sums.baseAddress! + piece.group * width
        evaluators[0].fill(piece.rows, into: buffer.pointer, stride: stride)
        evaluators[1].fill(piece.rows, into: buffer.pointer + treatment.allCount * stride, stride: stride)
        for (place, row) in piece.rows.enumerated() {
          let row = Int(row)
          let w = weight?[row] ?? 1
          let value = (y[row] - scale.center) * scale.factor
          weights[place] = w
          weights[stride + place] = w * value
          weights[2 * stride + place] = w * value * value
          start[0] += 1
          start[1] += w
          start[2] += w * w
        }
        for place in piece.rows.count..<Kernel.paddedCount(piece.rows.count) {
          for part in 0..<3 { weights[part * stride + place] = 0 }
        }
        columns.withUnsafeBufferPointer {
          Kernel.addWeightedGram(
            of: Kernel.Block(columns: $0.baseAddress!, columnCount: order, rowCount: piece.rows.count),
            weights: weights, groupCount: 3, stride: stride, to: start + Self.headCount)
        }
      }
    }
  }

  /// Rows whose features are held at a time.
  private static let rowsAtATime = 512
}

/// The affine map of the outcome on its way into the sums, so that its mean is 0 and its variance 1.
public struct OutcomeScale: Sendable, Codable, Equatable {
  public let center: Double
  public let deviation: Double
  var factor: Double { 1 / deviation }
}

/// The rows of a chunk by group, in their order within each.
private struct SortedRows {
  private var rows: [Int32]
  /// Where each group begins, and the end of the last.
  private var starts: [Int]

  init(_ groups: UnsafePointer<Int32>, count: Int, groupCount: Int) {
    starts = Array(repeating: 0, count: groupCount + 1)
    for row in 0..<count { starts[Int(groups[row]) + 1] += 1 }
    for group in 0..<groupCount { starts[group + 1] += starts[group] }
    rows = Array(repeating: 0, count: count)
    var next = starts
    for row in 0..<count {
      rows[next[Int(groups[row])]] = Int32(row)
      next[Int(groups[row])] += 1
    }
  }

  var largestCount: Int { zip(starts, starts.dropFirst()).reduce(0) { max($0, $1.1 - $1.0) } }

  /// The rows of every group, so many at a time.
  func pieces(of length: Int) -> [(group: Int, rows: ArraySlice<Int32>)] {
    (0..<starts.count - 1).flatMap { group in
      stride(from: starts[group], to: starts[group + 1], by: length).map { start in
        (group, rows[start..<min(start + length, starts[group + 1])])
      }
    }
  }
}
