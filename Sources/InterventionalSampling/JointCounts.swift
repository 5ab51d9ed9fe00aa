import Communication
import Diagnostics
import Frames
import LinearAlgebra

/// The variables of a graph as columns of rows: categories, each with the values that occur.
package struct CategoricalVariables: Sendable {
  /// By their places in the graph.
  let variables: [RowVariable]
  /// The values of each, ascending: its levels.
  let levels: [[Double]]

  /// The most levels of a variable.
  static let mostLevels = 1000

  /// Finds the columns by the names of a graph's variables, and their values in one pass. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure``: `usage` when the rows have no column of a name; `data` when a variable
  ///   takes one value or too many, or is missing in some rows.
  package init(_ names: [String], of frame: Frame) throws {
    variables = try names.map { try frame.variable(named: $0) }
    let found = try DistinctValues(variables, of: frame, upTo: Self.mostLevels).values
    for (variable, values) in zip(variables, found) {
      guard case .codes(let column) = variable.storage, let code = frame.schema.columns[column].kind.missingCode,
        values?.contains(Double(code)) == true
      else { continue }
      throw Failure(
        .data, "'\(variable.name)' is missing in some rows; drop these, or leave it out of the graph")
    }
    levels = try zip(names, found).map { name, values in
      guard let values else {
        throw Failure(
          .data,
          "'\(name)' takes more than \(Self.mostLevels) values, and exact answers are about categories; cut it into a few "
            + "classes, or leave it out of the graph")
      }
      guard values.count > 1 else {
        throw Failure(
          .data, "'\(name)' has one value in all rows, so nothing can be learned of it; leave it out of the graph")
      }
      return values
    }
  }

  func size(_ scope: [Int]) -> Double { scope.reduce(1) { $0 * Double(levels[$1].count) } }
}

extension Frame {
  /// A column by the name that a graph gives it: the treatment, the outcome, a covariate or proxy, or a column of codes.
  ///
  /// - Parameter option: what asks for it, for messages.
  func variable(named name: String, _ option: String = "the graph") throws -> RowVariable {
    for (role, own) in [(Role.treatment, treatmentName), (.outcome, outcomeName)] where own == name {
      if let column = columns(of: role).first { return RowVariable(name: name, storage: .real(column)) }
    }
    let others = [Role.treatment, .outcome].flatMap(columns).map { schema.columns[$0].name }
    return try column(named: name, option, besides: others)
  }
}

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

  private let variables: CategoricalVariables
  private let tables: [Table]
  /// The counts of all tables, one after the other, each block by block.
  private let counts: [Int64]

  init(_ variables: CategoricalVariables, _ tables: [Table], counts: [Int64]) {
    self.variables = variables
    self.tables = tables
    self.counts = counts
  }

  /// Counts the rows. Collective; sums of whole numbers, which have no order.
  package static func sum(
    _ variables: CategoricalVariables, _ tables: [Table], over frame: Frame
  ) throws -> [Int64] {
    let rows = frame.rows
    let starts = offsets(variables, tables)
    var counts = [Int64](repeating: 0, count: starts.last!)
    try rows.communicator.agree {
      for chunk in rows.localChunks {
        for (table, start) in zip(tables, starts) {
          let cells = try cells(of: table, variables, frame, chunk: chunk)
          counts.withUnsafeMutableBufferPointer { counts in
            for cell in cells { counts[start + Int(cell)] &+= 1 }
          }
        }
      }
    }
    return try rows.communicator.sum(counts: counts)
  }

  /// The cells of a table that the rows of a chunk fall in: blocks first, the last variable fastest.
  private static func cells(
    of table: Table, _ variables: CategoricalVariables, _ frame: Frame, chunk: Int
  ) throws -> [Int32] {
    var cells = RowCells(frame, chunk: chunk)
    var stride = Int(variables.size(table.scope))
    cells.add(jackknifeBlocks: table.blocks, stride: stride)
    for place in table.scope {
      stride /= variables.levels[place].count
      try cells.add(variables.variables[place], among: variables.levels[place], stride: stride)
    }
    return cells.completed()
  }

  /// Where each table begins, and where the last ends.
  private static func offsets(_ variables: CategoricalVariables, _ tables: [Table]) -> [Int] {
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
