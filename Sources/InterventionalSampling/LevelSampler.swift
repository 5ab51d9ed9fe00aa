import LinearAlgebra

/// Levels of all variables of a graph for some rows, variable by variable.
package struct LevelBlock: Sendable {
  /// Rows of a block at most: the columns stay in a near cache.
  package static let length = 1024

  package private(set) var rowCount = 0
  fileprivate let stride = Kernel.paddedCount(length)
  /// Whole columns of ``length`` rows; those past the last row have levels too.
  fileprivate(set) var columns: [Int32]
  /// The numbers of the rows, which their random numbers belong to.
  fileprivate var numbers: [Int64]
  fileprivate var words: [UInt32]

  package init(variableCount: Int) {
    columns = Array(repeating: 0, count: variableCount * Kernel.paddedCount(Self.length))
    numbers = Array(repeating: 0, count: Kernel.paddedCount(Self.length))
    words = Array(repeating: 0, count: 4 * Kernel.paddedCount(Self.length))
  }

  /// Takes consecutive rows.
  ///
  /// - Precondition: there are ``length`` at most.
  package mutating func take(_ rows: Range<Int>) {
    precondition(rows.count <= Self.length)
    rowCount = rows.count
    for (index, row) in rows.enumerated() { numbers[index] = Int64(row) }
  }

  /// Takes some of the rows of another block, with all their levels.
  mutating func take(_ rows: [Int], of other: LevelBlock) {
    rowCount = rows.count
    for (index, row) in rows.enumerated() { numbers[index] = other.numbers[row] }
    for start in Swift.stride(from: 0, to: columns.count, by: stride) {
      for (index, row) in rows.enumerated() { columns[start + index] = other.columns[start + row] }
    }
  }

  /// Puts the levels of some of its rows where they belong in another block.
  func put(_ own: [Int], rows: [Int], into other: inout LevelBlock) {
    for start in Swift.stride(from: 0, to: columns.count, by: stride) {
      for (index, row) in zip(own, rows) { other.columns[start + row] = columns[start + index] }
    }
  }

  /// Sets a variable to the same level in all rows.
  package mutating func set(_ variable: Int, to level: Int) {
    for index in variable * stride..<(variable + 1) * stride { columns[index] = Int32(level) }
  }

  package subscript(_ variable: Int, row: Int) -> Int32 {
    get { columns[variable * stride + row] }
    set { columns[variable * stride + row] = newValue }
  }

  /// The levels of a variable in all rows.
  package func levels(of variable: Int) -> ArraySlice<Int32> {
    columns[variable * stride..<variable * stride + rowCount]
  }
}

/// Draws levels of variables, one after the other, each by its table given those before.
///
/// A draw is a function of (seed, stream, stage, variable, row) alone: variable v of row r takes word v mod 4 of the
/// Philox block of row r and draw stage · ⌈variables / 4⌉ + ⌊v / 4⌋, and its first 31 bits. So probabilities are met to
/// 2⁻³², and what is impossible in a table is not drawn.
package struct LevelSampler: Sendable {
  fileprivate struct Node: Sendable {
    let variable: Int
    let parents: [(place: Int, stride: Int32)]
    let thresholds: [UInt32]
    /// What a law is searched in.
    let steps: Int
    /// Of the table, for every cell; empty where all of it was learned on rows enough.
    let soundShares: [Double]
    let levelCount: Int
  }

  private let nodes: [Node]
  private let blockCount: Int
  private let random: CounterRandom

  /// - Parameters:
  ///   - tables: each after those of its parents that are drawn.
  ///   - variableCount: the variables of the graph.
  package init(_ tables: [ConditionalTable], variableCount: Int, random: CounterRandom) {
    nodes = tables.map(Node.init)
    blockCount = (variableCount + 3) / 4
    self.random = random
  }

  /// Whether all tables were learned on rows enough everywhere.
  package var isSound: Bool { nodes.allSatisfy(\.soundShares.isEmpty) }

  /// Draws the variables of all rows of a block; what they depend on besides must have its levels.
  ///
  /// - Parameter stage: other ones give other numbers.
  package func draw(stage: Int, into block: inout LevelBlock) {
    let (stride, count) = (block.stride, block.rowCount)
    block.numbers.withUnsafeBufferPointer { numbers in
      block.words.withUnsafeMutableBufferPointer { words in
        block.columns.withUnsafeMutableBufferPointer { columns in
          let columns = columns.baseAddress!
          // Nodes of one Philox block need not be neighbours: the words are made again where they are not.
          var made = -1
          for node in nodes {
            if node.variable / 4 != made {
              made = node.variable / 4
              random.words(
                of: numbers.baseAddress!, count: count, draw: stage * blockCount + made, stride: stride,
                to: words.baseAddress!)
            }
            Kernel.drawLevels(
              columns + node.variable * stride,
              from: node.parents.map { Kernel.LevelParent(columns + $0.place * stride, stride: $0.stride) },
              thresholds: node.thresholds, steps: node.steps, words: words.baseAddress! + node.variable % 4 * stride,
              rowCount: count)
          }
        }
      }
    }
  }

  /// For every row of a block the share of its draws that was learned on rows enough.
  package func soundShares(of block: LevelBlock) -> [Double] {
    var shares = [Double](repeating: 1, count: block.rowCount)
    for node in nodes where !node.soundShares.isEmpty {
      let laws = (1 << node.steps) - 1
      for row in shares.indices {
        let law = node.parents.reduce(0) { $0 + Int($1.stride) * Int(block[$1.place, row]) } / laws
        shares[row] *= node.soundShares[law * node.levelCount + Int(block[node.variable, row])]
      }
    }
    return shares
  }
}

extension LevelSampler.Node {
  fileprivate init(_ table: ConditionalTable) {
    variable = table.variable
    levelCount = table.levelCount
    var steps = 0
    while 1 << steps < table.levelCount { steps += 1 }
    self.steps = steps
    var stride = (1 << steps) - 1
    parents = zip(table.parents, table.parentLevelCounts).reversed().map { place, count in
      defer { stride *= count }
      return (place, Int32(stride))
    }
    let width = (1 << steps) - 1
    var thresholds = [UInt32](repeating: 1 << 31, count: table.combinationCount * width)
    for law in 0..<table.combinationCount {
      let own = table.probabilities[law * levelCount..<(law + 1) * levelCount]
      // Rounding must not leave a crumb to levels that cannot be.
      let last = own.lastIndex { $0 > 0 }! - own.startIndex
      var sum = 0.0
      for (level, probability) in own.enumerated().prefix(last) {
        sum += probability
        thresholds[law * width + level] = UInt32(min(sum * 0x1p31, 0x1p31).rounded())
      }
    }
    self.thresholds = thresholds
    soundShares = zip(table.soundShares, table.probabilities).allSatisfy { $0 == 1 || $1 == 0 } ? [] : table.soundShares
  }
}
