import CausalGraphs
import Diagnostics
import Frames

/// The levels of what is set and seen in each row of a sample.
public struct InterventionSettings: Sendable {
  private enum Source: Sendable {
    /// The same level in all rows, by places in the graph.
    case constant([Int: Int])
    /// Columns of a table, row by row: by place, the column and the level of each of its values.
    case table(Frame, [Int: Column])
  }

  private struct Column: Sendable {
    let variable: RowVariable
    let levels: [Double: Int32]
  }

  private let source: Source

  /// The same for all rows.
  ///
  /// - Parameters:
  ///   - set, seen: the names of levels, or numbers, by the names of all variables that the network's question sets and sees.
  /// - Throws: ``Failure`` `usage` that names a variable that is missing or is none of the question's, or a value that it does
  ///   not have.
  public init(_ network: InterventionalNetwork, set: [String: String], seen: [String: String]) throws {
    var levels: [Int: Int] = [:]
    for (option, names, given) in [
      ("--do", network.options.intervened, set), ("--given", network.options.given, seen),
    ] {
      for name in given.keys.sorted() where !names.contains(name) {
        throw Failure(.usage, "\(option) \(name)=..: " + Self.unknown(name, option, network))
      }
      for name in names {
        guard let word = given[name] else {
          throw Failure(.usage, "the network was learned for \(option) \(name); add \(option) \(name)=VALUE")
        }
        let place = network.graph.names.firstIndex(of: name)!
        guard let level = network.variables[place].level(named: word) else {
          throw Failure(
            .usage,
            "\(option) \(name)=\(word): no row that the network was learned on has this value; "
              + suggestion(for: word, among: network.variables[place].levels, owner: "'\(name)' has"))
        }
        levels[place] = level
      }
    }
    source = .constant(levels)
  }

  /// Why a name stands at the wrong option.
  private static func unknown(_ name: String, _ option: String, _ network: InterventionalNetwork) -> String {
    let own = option == "--do" ? network.options.intervened : network.options.given
    guard network.graph.names.contains(name) else {
      return "the graph of the network has no such variable; "
        + suggestion(for: name, among: own.isEmpty ? network.graph.names : own, owner: "its question has \(option)")
    }
    return own.isEmpty
      ? "the network was learned without \(option); leave it out, or run idgen fit with \(option) \(name)"
      : "the network was learned for \(option) \(own.joined(separator: ",")); run idgen fit again for another question"
  }

  /// Row by row from the rows of a table.
  ///
  /// - Parameter table: all rows, on every rank.
  /// - Throws: ``Failure`` `usage` when it lacks a variable of the question, `data` when it has values that the network does
  ///   not know.
  public init(_ network: InterventionalNetwork, table: Frame) throws {
    precondition(table.rows.communicator.size == 1, "every rank reads all rows")
    let places = network.intervened + network.given
    let variables = try places.map { try table.variable(named: network.graph.names[$0], "--do-from") }
    let found = try DistinctValues(variables, of: table, upTo: CategoricalVariables.mostLevels).values
    var columns: [Int: Column] = [:]
    for ((place, variable), values) in zip(zip(places, variables), found) {
      let own = network.variables[place]
      var levels: [Double: Int32] = [:]
      for value in values ?? [] {
        let word = variable.words(value)
        guard let level = own.level(named: word) else {
          throw Failure(
            .data,
            "--do-from: '\(own.name)' is \(word) in some rows, and no row that the network was learned on has this value; "
              + suggestion(for: word, among: own.levels))
        }
        levels[value] = Int32(level)
      }
      guard values != nil else {
        throw Failure(
          .data,
          "--do-from: '\(own.name)' takes more than \(CategoricalVariables.mostLevels) values, and the network knows "
            + "\(own.levels.count); give those")
      }
      columns[place] = Column(variable: variable, levels: levels)
    }
    source = .table(table, columns)
  }

  /// Sets the levels in consecutive rows.
  func fill(_ block: inout LevelBlock, rows: Range<Int>) throws {
    switch source {
    case .constant(let levels):
      for (place, level) in levels { block.set(place, to: level) }
    case .table(let frame, let columns):
      let grid = frame.rows.grid
      for (place, column) in columns {
        var row = rows.lowerBound
        while row < rows.upperBound {
          let chunk = grid.chunk(ofRow: row)
          let (first, end) = (grid.rows(ofChunk: chunk).lowerBound, grid.rows(ofChunk: chunk).upperBound)
          let value = try column.variable.reader(frame, chunk: chunk)
          for own in row..<min(end, rows.upperBound) {
            // As distinct values are found: adding 0 turns -0 into 0.
            block[place, own - rows.lowerBound] = column.levels[value(own - first) + 0]!
          }
          row = end
        }
      }
    }
  }
}

extension InterventionalNetwork.Variable {
  /// The level of a name, or of the number that is written in another way.
  func level(named word: String) -> Int? {
    if let level = levels.firstIndex(of: word) { return level }
    return Double(word).flatMap { values?.firstIndex(of: $0) }
  }
}
