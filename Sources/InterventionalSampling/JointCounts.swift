import Communication
import Frames

/// How many rows have each combination of levels, of several sets of variables, in one pass over the rows.
package struct JointCounts: Sendable {
  /// A set of variables that is counted by the blocks of the jackknife, or in all rows.
  package struct Table: Sendable {
    let scope: [Int]
    let blocks: Int

    package init(scope: [Int], blocks: Int) {
      self.scope = scope
      self.blocks = blocks
    }
  }

  private let variables: GraphVariables
  private let tables: [Table]
  /// The counts of all tables, one after the other, each block by block.
  private let counts: [Int64]

  init(_ variables: GraphVariables, _ tables: [Table], counts: [Int64]) {
    self.variables = variables
    self.tables = tables
    self.counts = counts
  }

  /// Counts the rows. Collective; sums of whole numbers, which have no order.
  package static func sum(
    _ variables: GraphVariables, _ tables: [Table], over frame: Frame
  ) throws -> [Int64] {
    let rows = frame.rows
    let starts = offsets(variables, tables)
    let cells = zip(tables, starts).map { (cells: Self.cells(of: $0, variables, frame), start: $1) }
    var counts = [Int64](repeating: 0, count: starts.last!)
    try rows.communicator.agree {
      try counts.withUnsafeMutableBufferPointer { counts in
        for chunk in rows.localChunks {
          for (cells, start) in cells { try cells.count(ofChunk: chunk, in: counts.baseAddress! + start) }
        }
      }
    }
    return try rows.communicator.sum(counts: counts)
  }

  /// The cells of a table that rows fall in: blocks first, the last variable fastest.
  private static func cells(of table: Table, _ variables: GraphVariables, _ frame: Frame) -> RowCells {
    var cells = RowCells(frame)
    var stride = Int(variables.size(table.scope))
    cells.add(jackknifeBlocks: table.blocks, stride: stride)
    for place in table.scope {
      stride /= variables.levels[place].count
      cells.add(variables.columns[place].category, among: variables.levels[place], stride: stride)
    }
    return cells
  }

  /// Where each table begins, and where the last ends.
  private static func offsets(_ variables: GraphVariables, _ tables: [Table]) -> [Int] {
    tables.reduce(into: [0]) { $0.append($0.last! + $1.blocks * Int(variables.size($1.scope))) }
  }

  /// The counts of a table by blocks.
  func blocks(of table: Int) -> [Factor] {
    let scope = tables[table].scope
    let sizes = scope.map { variables.levels[$0].count }
    let start = Self.offsets(variables, tables)[table]
    let cells = sizes.reduce(1, *)
    return (0..<tables[table].blocks).map { block in
      let first = start + block * cells
      return Factor(scope, sizes: sizes, values: counts[first..<(first + cells)].map(Double.init))
    }
  }
}
