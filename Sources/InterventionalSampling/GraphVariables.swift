import Communication
import Diagnostics
import Frames

/// The variables of a graph as columns of rows: categories, each with the values that occur, and numbers.
package struct GraphVariables: Sendable {
  /// Which variables of numbers are categories.
  enum Reading {
    /// All of them, for answers from counts.
    case categories
    /// Those of few values, and those that are named.
    case few(categories: Set<String>, numbers: Set<String>)
  }

  /// Where the rows have a variable.
  enum Columns: Sendable {
    case one(RowVariable)
    case vector(Int, width: Int)

    /// The column of a category.
    var category: RowVariable {
      guard case .one(let variable) = self else { preconditionFailure("a vector is no category") }
      return variable
    }
    var width: Int { if case .vector(_, let width) = self { width } else { 1 } }

    /// The columns of a chunk that hold the numbers, number by number; nil where they are stored otherwise.
    func storedColumns(_ frame: Frame, chunk: Int) throws -> [UnsafePointer<Double>]? {
      switch self {
      case .one(let variable):
        guard case .real(let column) = variable.storage else { return nil }
        return [try frame.reals(column, chunk: chunk)]
      case .vector(let column, let width):
        return try (0..<width).map { try frame.reals(column, component: $0, chunk: chunk) }
      }
    }

    /// Reads the rows of a chunk, counted from its first, number by number.
    func readers(_ frame: Frame, chunk: Int) throws -> [(Int) -> Double] {
      switch self {
      case .one(let variable): [try variable.reader(frame, chunk: chunk)]
      case .vector: try storedColumns(frame, chunk: chunk)!.map { column in { column[$0] } }
      }
    }

    /// Gives `body` the columns of a chunk, number by number; they are made where the numbers are stored otherwise.
    func visit(_ frame: Frame, chunk: Int, _ body: (_ component: Int, UnsafePointer<Double>) -> Void) throws {
      if let columns = try storedColumns(frame, chunk: chunk) {
        for (component, column) in columns.enumerated() { body(component, column) }
      } else {
        body(0, (0..<frame.rowCount(ofChunk: chunk)).map(try readers(frame, chunk: chunk)[0]))
      }
    }
  }

  let names: [String]
  /// By their places in the graph.
  let columns: [Columns]
  /// The values of each category, ascending: its levels; none of numbers.
  let levels: [[Double]]
  /// What numbers are like; nil of a category.
  let numbers: [NumberSummary?]

  /// The most levels of a category, and of one that is told by its values alone, where not all are.
  static let mostLevels = 1000
  static let fewLevels = 20

  /// Finds the columns by the names of a graph's variables, and what values they take. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure``: `usage` when the rows have no column of a name; `data` when a variable
  ///   takes one value, is missing in some rows, or is no category where it should be one.
  package init(_ names: [String], of frame: Frame) throws { try self.init(names, of: frame, .categories) }

  init(_ names: [String], of frame: Frame, _ reading: Reading) throws {
    self.names = names
    columns = try names.map { try frame.graphColumns(named: $0) }
    let singles = columns.compactMap { if case .one(let variable) = $0 { variable } else { nil } }
    var found = try DistinctValues(singles, of: frame, upTo: Self.mostLevels).values[...]
    let values = columns.map { if case .one = $0 { found.popFirst()! } else { nil as [Double]? } }
    for case (.one(let variable), let values) in zip(columns, values) {
      guard case .codes(let column) = variable.storage, let code = frame.schema.columns[column].kind.missingCode,
        values?.contains(Double(code)) == true
      else { continue }
      throw Failure(.data, "'\(variable.name)' is missing in some rows; drop these, or leave it out of the graph")
    }
    levels = try zip(names, zip(columns, values)).map { name, found in
      if let values = found.1, values.count == 1 {
        throw Failure(
          .data, "'\(name)' has one value in all rows, so nothing can be learned of it; leave it out of the graph")
      }
      return try Self.isCategory(name, found.0, found.1, reading) ? found.1! : []
    }
    numbers = try NumberSummary.summaries(of: columns, where: levels.map(\.isEmpty), frame)
  }

  /// - Throws: ``Failure`` `data` when it is none and has to be one.
  private static func isCategory(
    _ name: String, _ columns: Columns, _ values: [Double]?, _ reading: Reading
  ) throws -> Bool {
    let isNamed: Bool
    switch reading {
    case .categories: isNamed = true
    case .few(let categories, let numbers):
      isNamed = categories.contains(name)
      if !isNamed {
        guard case .one(let variable) = columns, let values, !numbers.contains(name) else { return false }
        return variable.levels != nil || values.count <= fewLevels
      }
    }
    guard case .one = columns else {
      throw Failure(
        .data, "'\(name)' holds vectors, and this needs categories; leave it out of the graph, or use idgen fit")
    }
    guard values != nil else {
      throw Failure(
        .data,
        "'\(name)' takes more than \(mostLevels) values, and exact answers are about categories; cut it into a few "
          + "classes, leave it out of the graph, or learn models of numbers with idgen fit")
    }
    return true
  }

  func isCategory(_ place: Int) -> Bool { !levels[place].isEmpty }

  /// The combinations of levels of some categories.
  func size(_ scope: [Int]) -> Double { scope.reduce(1) { $0 * Double(levels[$1].count) } }

  var layout: RowLayout { RowLayout(widths: columns.indices.map { isCategory($0) ? 0 : columns[$0].width }) }

  /// Exact quantiles of variables that are single numbers. Collective.
  func quantiles(of places: [Int], _ probabilities: [Double], _ frame: Frame) throws -> [[Double]] {
    guard !places.isEmpty else { return [] }
    let numbers = try Frame(
      NumberColumns(columns: places.map { columns[$0] }, frame: frame), rows: frame.rows,
      schema: Schema(places.map { Column(names[$0], .variable, .real) }),
      storage: frame.isStreamed ? .stream() : .memory)
    return try numbers.quantiles(of: probabilities, columns: Array(places.indices))
  }

  /// How networks read some variables.
  func inputs(_ places: [Int]) -> NetworkInputs { NetworkInputs(places.map(described)) }
}

/// Variables of rows as real columns.
private struct NumberColumns: ChunkSource {
  let columns: [GraphVariables.Columns]
  let frame: Frame

  func fill(_ target: FrameChunks, with chunks: Range<Int>) throws {
    for chunk in chunks {
      for (column, own) in columns.enumerated() {
        let (values, count) = (target.reals(column, chunk: chunk), frame.rowCount(ofChunk: chunk))
        try own.visit(frame, chunk: chunk) { _, numbers in values.update(from: numbers, count: count) }
      }
    }
  }
}

/// What the numbers of a variable are like over all rows, component by component.
public struct NumberSummary: Sendable, Codable, Equatable {
  public let standardization: Standardization
  public let minima: [Double]
  public let maxima: [Double]

  public var width: Int { minima.count }

  /// Of those columns that hold numbers. Collective; two passes.
  fileprivate static func summaries(
    of columns: [GraphVariables.Columns], where isNumber: [Bool], _ frame: Frame
  ) throws -> [NumberSummary?] {
    let chosen = zip(columns, isNumber).filter(\.1).map(\.0)
    guard !chosen.isEmpty else { return columns.map { _ in nil } }
    let count = Double(frame.rows.rowCount)
    let width = chosen.reduce(0) { $0 + $1.width }
    func visit(_ chunk: Int, _ body: (_ place: Int, UnsafeBufferPointer<Double>) -> Void) throws {
      let rowCount = frame.rowCount(ofChunk: chunk)
      var first = 0
      for columns in chosen {
        try columns.visit(frame, chunk: chunk) { body(first + $0, UnsafeBufferPointer(start: $1, count: rowCount)) }
        first += columns.width
      }
    }
    func sum(_ function: (_ place: Int, Double) -> Double) throws -> [Double] {
      try frame.rows.sum([Double](repeating: 0, count: width)) { partial, chunk in
        try visit(chunk) { place, values in
          partial[place] = values.reduce(partial[place]) { $0 + function(place, $1) }
        }
      }
    }
    let means = try sum { $1 }.map { $0 / count }
    let squares = try sum { ($1 - means[$0]) * ($1 - means[$0]) }
    let local = try frame.rows.communicator.agree {
      var ends = [Double](repeating: .infinity, count: 2 * width)
      for chunk in frame.rows.localChunks {
        try visit(chunk) { place, values in
          ends[place] = values.reduce(ends[place]) { min($0, $1) }
          ends[width + place] = values.reduce(ends[width + place]) { min($0, -$1) }
        }
      }
      return ends
    }
    let ends = try frame.rows.communicator.allGather(elements: local).reduce(local) { zip($0, $1).map(min) }
    var first = 0
    var next = chosen.map { columns in
      defer { first += columns.width }
      let own = first..<first + columns.width
      // The numbers of a vector, such as the pixels of an image, have one scale: little noise in some stays little.
      let square = squares[own].reduce(0, +) / count / Double(own.count)
      return NumberSummary(
        standardization: Standardization(
          means: Array(means[own]), deviations: own.map { _ in square > 0 ? square.squareRoot() : 1 }),
        minima: Array(ends[own]), maxima: own.map { -ends[width + $0] })
    }[...]
    return isNumber.map { $0 ? next.popFirst() : nil }
  }
}

extension Frame {
  /// The columns of a variable by the name that a graph gives it: the treatment, the outcome, a covariate or proxy, or a
  /// column of codes or vectors.
  ///
  /// - Parameter option: what asks for it, for messages.
  func graphColumns(named name: String, _ option: String = "the graph") throws -> GraphVariables.Columns {
    for column in schema.columns.indices where schema.columns[column].name == name {
      if case .vector(let width) = schema.columns[column].kind { return .vector(column, width: width) }
    }
    for (role, own) in [(Role.treatment, treatmentName), (.outcome, outcomeName)] where own == name {
      if let column = columns(of: role).first { return .one(RowVariable(name: name, storage: .real(column))) }
    }
    let others = [Role.treatment, .outcome].flatMap(columns).map { schema.columns[$0].name }
    return .one(try column(named: name, option, besides: others))
  }
}
