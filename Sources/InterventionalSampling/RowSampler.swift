import LinearAlgebra

/// Draws variables of a graph, one after the other, each by its model given those before.
///
/// A draw is a function of (seed, stream, stage, variable, row) alone.
package struct RowSampler: Sendable {
  private enum Step: Sendable {
    /// Consecutive tables.
    case tables(LevelSampler)
    /// The model of a variable, and the first of its blocks of random numbers among those of a stage.
    case network(ConditionalNetwork, first: Int)
    case rows(EmpiricalRows, first: Int)
  }

  private let steps: [Step]
  /// The blocks of random numbers that networks and rows take in a stage.
  private let drawCount: Int
  private let random: CounterRandom

  /// - Parameters:
  ///   - models: each after those of its parents that are drawn.
  ///   - levels: the random numbers of tables.
  ///   - numbers: those of networks and of rows.
  init(_ models: [ConditionalModel], variableCount: Int, levels: CounterRandom, numbers: CounterRandom) {
    var steps: [Step] = []
    var tables: [ConditionalTable] = []
    var drawCount = 0
    func close() {
      if !tables.isEmpty {
        steps.append(.tables(LevelSampler(tables, variableCount: variableCount, random: levels)))
      }
      tables = []
    }
    for model in models {
      switch model {
      case .table(let table): tables.append(table)
      case .network(let network):
        close()
        steps.append(.network(network, first: drawCount))
        drawCount += network.drawCount
      case .rows(let rows):
        close()
        steps.append(.rows(rows, first: drawCount))
        drawCount += 1
      }
    }
    close()
    (self.steps, self.drawCount, random) = (steps, drawCount, numbers)
  }

  /// Draws the variables of all rows of a block; what they depend on besides must have its values.
  ///
  /// - Parameter stage: other ones give other numbers.
  package func draw(stage: Int, into block: inout RowBlock) {
    for step in steps {
      switch step {
      case .tables(let sampler): sampler.draw(stage: stage, into: &block)
      case .network(let network, let first):
        network.draw(into: &block, NodeRandom(random: random, first: stage * drawCount + first))
      case .rows(let rows, let first):
        rows.draw(into: &block, NodeRandom(random: random, first: stage * drawCount + first))
      }
    }
  }

  private var tables: [LevelSampler] {
    steps.compactMap { if case .tables(let sampler) = $0 { sampler } else { nil } }
  }

  /// Whether all tables were learned on rows enough everywhere.
  var isSound: Bool { tables.allSatisfy(\.isSound) }

  /// For every row of a block the share of its draws from tables that was learned on rows enough.
  func soundShares(of block: RowBlock) -> [Double] {
    tables.reduce([Double](repeating: 1, count: block.rowCount)) { shares, sampler in
      zip(shares, sampler.soundShares(of: block)).map { $0 * $1 }
    }
  }
}
