import LinearAlgebra

/// How rows are numbered by what they fall in, groups or cells of a table: a sum of strides times places of values.
package struct RowCells {
  private let frame: Frame
  /// The number of what comes first.
  private let first: Int32
  /// Columns whose values are their own places, which kernels read.
  private var reals: [(column: Int, stride: Int32)] = []
  private var codes: [(column: Int, stride: Int32)] = []
  private var others: [(variable: RowVariable, values: [Double], stride: Int32)] = []
  private var chance: Kernel.RandomPart?

  /// - Parameter first: the number of what comes first.
  package init(_ frame: Frame, first: Int = 0) {
    self.frame = frame
    self.first = Int32(first)
  }

  /// Adds a stride times the place of a variable's value among its values, which ascend.
  package mutating func add(_ variable: RowVariable, among values: [Double], stride: Int) {
    let areCounted = values.indices.allSatisfy { values[$0] == Double($0) }
    switch variable.storage {
    case .real(let column) where areCounted: reals.append((column, Int32(stride)))
    case .codes(let column) where areCounted: codes.append((column, Int32(stride)))
    default: others.append((variable, values, Int32(stride)))
    }
  }

  /// Adds a stride times the block of the jackknife that a row falls in, by chance.
  ///
  /// Files are often sorted. Blocks by the number of the row would then be much alike, and errors too small.
  package mutating func add(jackknifeBlocks count: Int, stride: Int) {
    guard count > 1 else { return }
    precondition(chance == nil, "a row falls in one block")
    chance = Kernel.RandomPart(Self.random, below: count, stride: Int32(stride))
  }

  private static let random = CounterRandom(seed: 0, stream: .jackknifeBlocks)

  /// The number of every row of a chunk.
  package func numbers(ofChunk chunk: Int) throws -> [Int32] {
    var numbers = try startedNumbers(ofChunk: chunk)
    try addReals(chunk, to: &numbers)
    try addCodes(chunk, to: &numbers)
    return Array(numbers.prefix(frame.rowCount(ofChunk: chunk)))
  }

  /// Adds 1 to the count of the number of every row of a chunk.
  package func count(ofChunk chunk: Int, in counts: UnsafeMutablePointer<Int64>) throws {
    let rows = frame.rows.grid.rows(ofChunk: chunk)
    var numbers: [Int32] = []
    if first != 0 || !others.isEmpty || !reals.isEmpty {
      numbers = try startedNumbers(ofChunk: chunk)
      try addReals(chunk, to: &numbers)
    }
    // After the last table the next chunk is read.
    Kernel.countCells(
      numbers, and: try codes.map { Kernel.CodePart(try frame.codes($0.column, chunk: chunk), stride: $0.stride) },
      chance, firstRow: rows.lowerBound, ahead: frame.schema.slotCount * frame.rows.grid.columnStride,
      rowCount: rows.count, counts: counts)
  }

  /// Adds to three numbers of the cell of every row of a chunk w, w v and w v², v = (outcome - center) · factor.
  ///
  /// - Returns: the cell of every row, padded.
  package func addOutcome(
    ofChunk chunk: Int, center: Double, factor: Double, to sums: UnsafeMutablePointer<Double>
  ) throws -> [Int32] {
    var numbers = try startedNumbers(ofChunk: chunk)
    try addCodes(chunk, to: &numbers)
    Kernel.addToCells(
      &numbers, and: try reals.map { Kernel.RealPart(try frame.reals($0.column, chunk: chunk), stride: $0.stride) },
      values: try frame.outcome(chunk: chunk)!, center: center, factor: factor,
      weights: try frame.weight(chunk: chunk), rowCount: frame.rowCount(ofChunk: chunk), sums: sums)
    return numbers
  }

  /// The numbers but for what kernels add, padded as they want it.
  private func startedNumbers(ofChunk chunk: Int) throws -> [Int32] {
    let rowCount = frame.rowCount(ofChunk: chunk)
    var numbers = Array(repeating: first, count: Kernel.paddedCount(rowCount))
    for (variable, values, stride) in others {
      let read = try variable.reader(frame, chunk: chunk)
      numbers.withUnsafeMutableBufferPointer { numbers in
        for row in 0..<rowCount { numbers[row] &+= stride &* Int32(values.place(of: read(row))) }
      }
    }
    return numbers
  }

  private func addReals(_ chunk: Int, to numbers: inout [Int32]) throws {
    for (column, stride) in reals {
      let values = try frame.reals(column, chunk: chunk)
      numbers.withUnsafeMutableBufferPointer { numbers in
        // A whole number from 0 on is the last bits of its sum with 2^52, which takes no check of its range.
        for row in 0..<frame.rowCount(ofChunk: chunk) {
          numbers[row] &+= stride &* Int32(truncatingIfNeeded: (values[row] + 0x1p52).bitPattern)
        }
      }
    }
  }

  private func addCodes(_ chunk: Int, to numbers: inout [Int32]) throws {
    let rows = frame.rows.grid.rows(ofChunk: chunk)
    for (column, stride) in codes {
      Kernel.CodePart(try frame.codes(column, chunk: chunk), stride: stride).add(to: &numbers, rowCount: rows.count)
    }
    chance?.add(rows: rows, to: &numbers)
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
