import LinearAlgebra

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
  package func draw(stage: Int, into block: inout RowBlock) {
    let (stride, count) = (block.stride, block.rowCount)
    block.rows.withUnsafeBufferPointer { rows in
      block.words.withUnsafeMutableBufferPointer { words in
        block.levels.withUnsafeMutableBufferPointer { columns in
          let columns = columns.baseAddress!
          // Nodes of one Philox block need not be neighbours: the words are made again where they are not.
          var made = -1
          for node in nodes {
            if node.variable / 4 != made {
              made = node.variable / 4
              random.words(
                of: rows.baseAddress!, count: count, draw: stage * blockCount + made, stride: stride,
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
  package func soundShares(of block: RowBlock) -> [Double] {
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
