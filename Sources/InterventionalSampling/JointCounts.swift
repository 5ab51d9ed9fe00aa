import CausalGraphs
import Communication
import Diagnostics
import Frames
import LinearAlgebra

/// The variables of a graph as columns of rows: categories, each with the values that occur.
struct CategoricalVariables: Sendable {
  /// By their places in the graph.
  let variables: [RowVariable]
  /// The values of each, ascending: its levels.
  let levels: [[Double]]

  /// The most levels of a variable.
  static let mostLevels = 1000

  /// Finds the columns by the names of the graph, and their values in one pass. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure``: `usage` when the rows have no column of a name; `data` when a variable
  ///   takes one value or too many, or is missing in some rows.
  init(_ graph: MixedGraph, of frame: Frame) throws {
    variables = try graph.names.map { try frame.variable(named: $0) }
    let found = try DistinctValues(variables, of: frame, upTo: Self.mostLevels).values
    for (variable, values) in zip(variables, found) {
      guard case .codes(let column) = variable.storage, let code = frame.schema.columns[column].kind.missingCode,
        values?.contains(Double(code)) == true
      else { continue }
      throw Failure(
        .data, "'\(variable.name)' is missing in some rows; drop these, or leave it out of the graph")
    }
    levels = try zip(graph.names, found).map { name, values in
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
  func variable(named name: String) throws -> RowVariable {
    for (role, own) in [(Role.treatment, treatmentName), (.outcome, outcomeName)] where own == name {
      if let column = columns(of: role).first { return RowVariable(name: name, storage: .real(column)) }
    }
    let others = [Role.treatment, .outcome].flatMap(columns).map { schema.columns[$0].name }
    return try column(named: name, "the graph", besides: others)
  }
}

/// How many rows have each combination of levels, of several sets of variables, in one pass over the rows.
struct JointCounts: Sendable {
  /// A set of variables that is counted by the blocks of the jackknife, or in all rows.
  struct Table: Sendable {
    let scope: [Int]
    let blocks: Int
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
  ///
  /// Rows fall into blocks by chance, since files are often sorted: blocks of a sorted file by the number of the row would
  /// be too much alike, and errors too small.
  static func sum(_ variables: CategoricalVariables, _ tables: [Table], over frame: Frame) throws -> [Int64] {
    let rows = frame.rows
    var counts = [Int64](repeating: 0, count: offsets(variables, tables).last!)
    try rows.communicator.agree {
      var codes = variables.levels.map { _ in [Int32](repeating: 0, count: rows.grid.chunkLength) }
      var cells = [Int](repeating: 0, count: rows.grid.chunkLength)
      for chunk in rows.localChunks {
        let range = rows.grid.rows(ofChunk: chunk)
        for (place, variable) in variables.variables.enumerated() {
          let read = try variable.reader(frame, chunk: chunk)
          fill(&codes[place], count: range.count, variables.levels[place], read)
        }
        for (table, start) in zip(tables, offsets(variables, tables)) {
          add(table, start, variables, codes, range, &cells, to: &counts)
        }
      }
    }
    return try rows.communicator.sum(counts: counts)
  }

  /// Where each table begins, and where the last ends.
  private static func offsets(_ variables: CategoricalVariables, _ tables: [Table]) -> [Int] {
    tables.reduce(into: [0]) { $0.append($0.last! + $1.blocks * Int(variables.size($1.scope))) }
  }

  /// The places of values among the levels; values 0, 1, … are their own.
  private static func fill(_ codes: inout [Int32], count: Int, _ levels: [Double], _ read: (Int) -> Double) {
    if levels.indices.allSatisfy({ levels[$0] == Double($0) }) {
      for row in 0..<count { codes[row] = Int32(read(row)) }
    } else {
      let places = Dictionary(uniqueKeysWithValues: levels.enumerated().map { ($1, Int32($0)) })
      for row in 0..<count { codes[row] = places[read(row) + 0]! }
    }
  }

  private static let random = CounterRandom(seed: 0, stream: .jackknifeBlocks)

  private static func block(_ row: Int, _ blocks: Int) -> Int { random.integer(below: blocks, row: row, draw: 0) }

  private static func add(
    _ table: Table, _ start: Int, _ variables: CategoricalVariables, _ codes: [[Int32]], _ range: Range<Int>,
    _ cells: inout [Int], to counts: inout [Int64]
  ) {
    for (offset, row) in range.enumerated() { cells[offset] = table.blocks > 1 ? block(row, table.blocks) : 0 }
    for place in table.scope {
      let size = variables.levels[place].count
      codes[place].withUnsafeBufferPointer { codes in
        for offset in 0..<range.count { cells[offset] = cells[offset] &* size &+ Int(codes[offset]) }
      }
    }
    for offset in 0..<range.count { counts[start + cells[offset]] += 1 }
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
