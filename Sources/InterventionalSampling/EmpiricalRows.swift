import LinearAlgebra

/// Rows of some variables, each as likely as any other: their empirical law, whatever it looks like.
public struct EmpiricalRows: Sendable, Equatable {
  /// The most rows that are kept, and the most numbers in them.
  static let mostRows = 1 << 16
  static let mostNumbers = 1 << 21

  /// Places in a graph, with the numbers that each has in a row; one for the level of a category.
  public let variables: [Int]
  public let widths: [Int]
  /// [row][number]: the numbers of the variables one after the other.
  public let values: [Double]

  /// - Precondition: there are whole rows, one at least.
  init(variables: [Int], widths: [Int], values: [Double]) {
    precondition(variables.count == widths.count && !values.isEmpty)
    precondition(values.count.isMultiple(of: widths.reduce(0, +)))
    (self.variables, self.widths, self.values) = (variables, widths, values)
  }

  /// How many rows are kept of so many with so many numbers each.
  static func rowCount(of count: Int, width: Int) -> Int { max(1, min(count, mostRows, mostNumbers / width)) }

  public var rowCount: Int { values.count / widths.reduce(0, +) }

  /// Draws a row for each of a block.
  func draw(into block: inout RowBlock, _ random: NodeRandom) {
    let (width, count) = (widths.reduce(0, +), rowCount)
    for row in 0..<block.rowCount {
      var place = random.integer(below: count, row: Int(block.rows[row])) * width
      for (variable, own) in zip(variables, widths) {
        if block.layout.widths[variable] == 0 {
          block[variable, row] = Int32(values[place])
        } else {
          for component in 0..<own { block[variable, component: component, row] = values[place + component] }
        }
        place += own
      }
    }
  }
}

/// The random numbers of a model in a stage: every row has some of its own.
struct NodeRandom: Sendable {
  let random: CounterRandom
  /// The first of its draws.
  let first: Int

  func integer(below count: Int, row: Int) -> Int { random.integer(below: count, row: row, draw: first) }

  func uniform(row: Int) -> Double { random.uniform(row: row, draw: first) }

  /// Standard normal numbers two by two.
  func normalPair(_ pair: Int, row: Int) -> (Double, Double) { random.normalPair(row: row, draw: first + pair) }

  /// Those of many rows, to two columns.
  func normalPairs(
    _ pair: Int, rows: [Int64], to first: UnsafeMutablePointer<Double>, _ second: UnsafeMutablePointer<Double>
  ) {
    random.normalPairs(of: rows, draw: self.first + pair, to: first, second)
  }
}
