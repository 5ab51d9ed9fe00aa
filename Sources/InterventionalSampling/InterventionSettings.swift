import CausalGraphs
import Diagnostics
import Frames

/// The values of what is set and seen in each row of a sample.
public struct InterventionSettings: Sendable {
  private enum Source: Sendable {
    /// The same in all rows, by places in the graph.
    case constant([Int: Value])
    /// Columns of a table, row by row, by places in the graph.
    case table(Frame, [Int: Column])
  }

  /// A value of a variable.
  public enum Value: Sendable, Codable, Equatable {
    case level(Int)
    case number(Double)
  }

  private enum Column: Sendable {
    /// With the level of each of its values.
    case category(RowVariable, levels: [Double: Int32])
    case numbers(GraphVariables.Columns)
  }

  private let source: Source

  /// The same for all rows.
  ///
  /// - Parameters:
  ///   - set: the names of levels, or numbers, by the names of all variables that the network's question sets.
  ///   - seen: the same of those that it sees.
  ///   - allowsExtrapolation: whether numbers may lie beyond those of the rows that the network was learned on.
  /// - Throws: ``Failure`` `usage` that names a variable that is missing or is none of the question's, or a value that it does
  ///   not have; `data` when a number lies beyond.
  public init(
    _ network: InterventionalNetwork, set: [String: String], seen: [String: String], allowsExtrapolation: Bool = false
  ) throws {
    var values: [Int: Value] = [:]
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
        let variable = network.variables[place]
        if let numbers = variable.numbers {
          values[place] = .number(
            try numbers.value(word, of: name, option, allowsExtrapolation: allowsExtrapolation))
          continue
        }
        guard let level = variable.level(named: word) else {
          throw Failure(
            .usage,
            "\(option) \(name)=\(word): no row that the network was learned on has this value; "
              + suggestion(for: word, among: variable.levels, owner: "'\(name)' has"))
        }
        values[place] = .level(level)
      }
    }
    source = .constant(values)
  }

  /// The same for all rows, by places in the graph: of all that is set and seen, and of whatever is not to be drawn.
  init(_ values: [Int: Value]) { source = .constant(values) }

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
  /// - Parameters:
  ///   - table: all rows, on every rank.
  ///   - allowsExtrapolation: whether numbers may lie beyond those of the rows that the network was learned on.
  /// - Throws: ``Failure`` `usage` when it lacks a variable of the question, `data` when it has values that the network does
  ///   not know.
  public init(_ network: InterventionalNetwork, table: Frame, allowsExtrapolation: Bool = false) throws {
    precondition(table.rows.communicator.size == 1, "every rank reads all rows")
    var columns: [Int: Column] = [:]
    for place in network.intervened + network.given {
      let own = network.variables[place]
      let found = try table.graphColumns(named: own.name, "--do-from")
      if let numbers = own.numbers {
        try numbers.require(found, own.name, of: table, allowsExtrapolation: allowsExtrapolation)
        columns[place] = .numbers(found)
        continue
      }
      guard case .one(let variable) = found else {
        throw Failure(.data, "--do-from: '\(own.name)' holds vectors, and the network knows it as a category")
      }
      columns[place] = .category(variable, levels: try Self.levels(own, variable, of: table))
    }
    source = .table(table, columns)
  }

  /// The level of each value of a column.
  private static func levels(
    _ own: InterventionalNetwork.Variable, _ variable: RowVariable, of table: Frame
  ) throws -> [Double: Int32] {
    guard let values = try DistinctValues([variable], of: table, upTo: GraphVariables.mostLevels).values[0] else {
      throw Failure(
        .data,
        "--do-from: '\(own.name)' takes more than \(GraphVariables.mostLevels) values, and the network knows "
          + "\(own.levels.count); give those")
    }
    return try values.reduce(into: [:]) { levels, value in
      let word = variable.words(value)
      guard let level = own.level(named: word) else {
        throw Failure(
          .data,
          "--do-from: '\(own.name)' is \(word) in some rows, and no row that the network was learned on has this value; "
            + suggestion(for: word, among: own.levels))
      }
      levels[value] = Int32(level)
    }
  }

  /// Sets the values in consecutive rows.
  func fill(_ block: inout RowBlock, rows: Range<Int>) throws {
    switch source {
    case .constant(let values):
      for (place, value) in values {
        switch value {
        case .level(let level): block.set(place, to: level)
        case .number(let number):
          for row in 0..<rows.count { block[place, component: 0, row] = number }
        }
      }
    case .table(let frame, let columns):
      let grid = frame.rows.grid
      for (place, column) in columns {
        var row = rows.lowerBound
        while row < rows.upperBound {
          let chunk = grid.chunk(ofRow: row)
          let first = grid.rows(ofChunk: chunk).lowerBound
          let own = row..<min(grid.rows(ofChunk: chunk).upperBound, rows.upperBound)
          switch column {
          case .category(let variable, let levels):
            let value = try variable.reader(frame, chunk: chunk)
            // As distinct values are found: adding 0 turns -0 into 0.
            for row in own { block[place, row - rows.lowerBound] = levels[value(row - first) + 0]! }
          case .numbers(let columns):
            for (component, value) in try columns.readers(frame, chunk: chunk).enumerated() {
              for row in own { block[place, component: component, row - rows.lowerBound] = value(row - first) }
            }
          }
          row = own.upperBound
        }
      }
    }
  }
}

extension NumberSummary {
  /// The number that a word says.
  ///
  /// - Throws: ``Failure``: `usage` when it is none, or the variable holds vectors; `data` when it lies beyond those of the rows.
  func value(_ word: String, of name: String, _ option: String, allowsExtrapolation: Bool) throws -> Double {
    guard width == 1 else {
      throw Failure(.usage, "\(option) \(name)=\(word): '\(name)' holds vectors of \(width); give them with --do-from")
    }
    guard let value = Double(word), value.isFinite else {
      throw Failure(.usage, "\(option) \(name)=\(word): '\(name)' is a number; give one, \(name)=\(minima[0])")
    }
    guard allowsExtrapolation || (minima[0]...maxima[0]).contains(value) else {
      throw Failure(
        .data, "\(option) \(name)=\(word): " + Self.beyond(name, minima[0], maxima[0]))
    }
    return value
  }

  private static func beyond(_ name: String, _ minimum: Double, _ maximum: Double) -> String {
    "the rows that the network was learned on have '\(name)' from \(minimum) to \(maximum), and nothing shows what it does "
      + "beyond; choose a value between, or give --allow-extrapolation"
  }

  /// - Throws: ``Failure`` `data` when columns of a table do not hold such numbers.
  fileprivate func require(
    _ columns: GraphVariables.Columns, _ name: String, of table: Frame, allowsExtrapolation: Bool
  ) throws {
    guard columns.width == width else {
      throw Failure(
        .data, "--do-from: '\(name)' holds vectors of \(columns.width), and the network was learned on \(width) numbers"
      )
    }
    for chunk in table.rows.localChunks where !allowsExtrapolation {
      for (component, value) in try columns.readers(table, chunk: chunk).enumerated() {
        let rows = table.rows.grid.rows(ofChunk: chunk)
        for row in 0..<rows.count where width == 1 && !(minima[component]...maxima[component]).contains(value(row)) {
          throw Failure(
            .data,
            "--do-from: row \(rows.lowerBound + row) (counted from 0) has '\(name)' = \(value(row)): "
              + Self.beyond(name, minima[component], maxima[component]))
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

  /// - Throws: ``Failure`` `data` when no row has it.
  func occurringLevel(named word: String) throws -> Int {
    guard let level = level(named: word) else {
      throw Failure(
        .data,
        "no row has '\(name)' = \(word), so nothing shows what it does; it has "
          + levels.prefix(12).joined(separator: ", ") + (levels.count > 12 ? ", …" : ""))
    }
    return level
  }
}
