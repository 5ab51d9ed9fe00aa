import LinearAlgebra

/// The numbers of what rows of a chunk fall in, groups or cells of a table: sums of strides times places of values.
package struct RowCells {
  private let frame: Frame
  private let chunk: Int
  private let rowCount: Int
  /// The numbers but for ``columns``, padded as kernels want it.
  private var numbers: [Int32]
  /// Columns whose values are their own places, with their strides: kernels add them on the way.
  private var columns: [(values: UnsafePointer<Double>, stride: Int32)] = []

  /// - Parameter first: the number of what comes first.
  package init(_ frame: Frame, chunk: Int, first: Int = 0) {
    self.frame = frame
    self.chunk = chunk
    rowCount = frame.rowCount(ofChunk: chunk)
    numbers = Array(repeating: Int32(first), count: Kernel.paddedCount(rowCount))
  }

  /// Adds a stride times the place of a variable's value among its values, which ascend.
  package mutating func add(_ variable: RowVariable, among values: [Double], stride: Int) throws {
    let areCounted = values == (0..<values.count).map(Double.init)
    switch variable.storage {
    case .real(let column) where areCounted:
      columns.append((try frame.reals(column, chunk: chunk), Int32(stride)))
    case .codes(let column) where areCounted:
      Kernel.addCodes(
        try frame.codes(column, chunk: chunk), stride: Int32(stride), rowCount: rowCount, to: &numbers)
    default:
      let read = try variable.reader(frame, chunk: chunk)
      add(stride: Int32(stride)) { Int32(values.place(of: read($0))) }
    }
  }

  /// Adds a stride times the place that is given for each row.
  @inline(__always)
  private mutating func add(stride: Int32, _ place: (Int) -> Int32) {
    numbers.withUnsafeMutableBufferPointer { numbers in
      for row in 0..<rowCount { numbers[row] &+= stride &* place(row) }
    }
  }

  /// Adds a stride times the block of the jackknife that a row falls in, by chance.
  ///
  /// Files are often sorted. Blocks by the number of the row would then be much alike, and errors too small.
  package mutating func add(jackknifeBlocks count: Int, stride: Int) {
    guard count > 1 else { return }
    let rows = frame.rows.grid.rows(ofChunk: chunk)
    Self.random.addIntegers(below: count, times: stride, rows: rows, to: &numbers)
  }

  private static let random = CounterRandom(seed: 0, stream: .jackknifeBlocks)

  /// The number of every row.
  package consuming func completed() -> [Int32] {
    for (values, stride) in columns {
      // A whole number from 0 on is the last bits of its sum with 2^52, which takes no check of its range.
      add(stride: stride) { Int32(truncatingIfNeeded: (values[$0] + 0x1p52).bitPattern) }
    }
    return Array(numbers.prefix(rowCount))
  }

  /// Adds to three numbers of every row's cell w, w v and w v², v = (outcome - center) · factor.
  ///
  /// - Returns: the cell of every row, padded.
  package consuming func addOutcome(
    center: Double, factor: Double, to sums: UnsafeMutablePointer<Double>
  ) throws -> [Int32] {
    Kernel.addToCells(
      &numbers, and: columns.map { Kernel.Place($0.values, stride: $0.stride) },
      values: try frame.outcome(chunk: chunk)!, center: center, factor: factor,
      weights: try frame.weight(chunk: chunk), rowCount: rowCount, sums: sums)
    return numbers
  }
}

extension [Double] {
  /// Where a value stands among ascending ones that it is one of.
  package func place(of value: Double) -> Int {
    var (low, high) = (0, count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if self[middle] <= value { low = middle } else { high = middle }
    }
    return low
  }
}
