import Diagnostics
import Shards
import Storage

/// The rows of an HDF5 file whose datasets are the columns, read in blocks.
///
/// A dataset of one dimension is a column. One of two dimensions is as many columns, named by an attribute of it
/// (`column_names`, `column-names`, `columns` or `names`) or, in a shard, its header, or else `path[j]`; and `path[j]`
/// names one of them.
final class HDF5Table: ImportTable {
  /// Rows that are read at a time.
  static let blockLength = 8192

  let path: String
  private let file: HDF5File
  private let parser: NumberParser
  private(set) var markers: MissingMarkers
  private var sources: [HDF5Source] = []
  private var rowCount = 0
  private var row = -1
  private var block = 0..<0

  init(path: String, _ format: TextFormat) throws {
    self.path = path
    file = try HDF5File.open(path)
    parser = NumberParser(format.numbers)
    markers = MissingMarkers(format.missingMarkers, parser)
  }

  /// Whether the file has the signature of HDF5.
  static func isHDF5(_ path: String) -> Bool { HDF5File.hasSignature(path) }

  var findings: [Finding] { sources.flatMap { $0.findings } }

  func remedy(forMatrix name: String, ofColumns count: Int) -> String {
    let isOneRow = rowCount == 1
    let columns = "name one of '\(name)[0]' to '\(name)[\(count - 1)]'"
    return isOneRow ? "it has one row: \(transpositionWords(name, in: path))" : columns
  }

  var place: String { "row \(row + 1)" }

  func columns(named name: String) throws -> [ImportColumn] {
    if try file.hasDataset(name) { return try columns(ofDataset: name) }
    // `path[j]` is one column of a matrix.
    if name.last == "]", let bracket = name.lastIndex(of: "["), try file.hasDataset(String(name[..<bracket])),
      let column = Int(name[name.index(after: bracket)...].dropLast())
    {
      let all = try columns(ofDataset: String(name[..<bracket]))
      guard all.indices.contains(column) else {
        throw Failure(.data, "\(path): '\(name)': the dataset has the columns 0 to \(all.count - 1)")
      }
      return [all[column]]
    }
    throw unknownColumn(name, in: path, kind: "dataset", among: file.datasetNames())
  }

  func columns(from first: ImportColumn, through last: ImportColumn) throws -> [ImportColumn] {
    let (source, start) = first.index.quotientAndRemainder(dividingBy: HDF5Source.mostColumns)
    let (other, end) = last.index.quotientAndRemainder(dividingBy: HDF5Source.mostColumns)
    guard source == other, start <= end else { throw reversed(first, last) }
    return (start...end).map {
      ImportColumn(name: sources[source].names[$0], index: source * HDF5Source.mostColumns + $0)
    }
  }

  func next() throws -> Bool {
    row += 1
    guard row < rowCount else { return false }
    if row == block.upperBound {
      block = row..<min(row + Self.blockLength, rowCount)
      for index in sources.indices { try sources[index].load(rows: block, from: file) }
    }
    return true
  }

  func read(_ columns: [ImportColumn], into values: inout [ImportValue]) {
    for index in columns.indices { values[index] = value(columns[index]) }
  }

  private func value(_ column: ImportColumn) -> ImportValue {
    let (source, cell) = locate(column)
    return switch sources[source].cells {
    case .numbers(let numbers): value(of: numbers[cell], isSinglePrecision: sources[source].isSinglePrecision)
    case .integers(let integers):
      sources[source].isMissing(integers[cell]) ? .missing : value(of: Double(integers[cell]))
    case .strings(let strings): value(of: strings[cell])
    }
  }

  func text(_ column: ImportColumn) -> String {
    let (source, cell) = locate(column)
    return switch sources[source].cells {
    case .numbers(let numbers): numbers[cell].description
    case .integers(let integers): integers[cell].description
    case .strings(let strings): strings[cell]
    }
  }

  private func value(of text: String) -> ImportValue {
    var text = text
    return text.withUTF8 { bytes in
      let bytes = trimmed(bytes)
      let parsed = parser.parse(bytes)
      return missing(markers.index(of: parsed, bytes)) ?? ImportValue(parsed)
    }
  }

  private func value(of number: Double, isSinglePrecision: Bool = false) -> ImportValue {
    if number.isNaN { return .missing }
    let marker = markers.index(of: number, isSinglePrecision: isSinglePrecision)
    return missing(marker) ?? (number.isFinite ? .number(number) : .notFinite)
  }

  private func missing(_ marker: Int?) -> ImportValue? {
    guard let marker else { return nil }
    markers.noteMatch(marker)
    return .missing
  }

  private func locate(_ column: ImportColumn) -> (source: Int, cell: Int) {
    let (source, offset) = column.index.quotientAndRemainder(dividingBy: HDF5Source.mostColumns)
    return (source, (row - block.lowerBound) * sources[source].columnCount + offset)
  }

  private func columns(ofDataset name: String) throws -> [ImportColumn] {
    let index = try sources.firstIndex { $0.name == name } ?? open(name)
    return sources[index].names.enumerated().map { offset, column in
      ImportColumn(name: column, index: index * HDF5Source.mostColumns + offset)
    }
  }

  private func open(_ name: String) throws -> Int {
    let source = try HDF5Source(name, in: file)
    if let first = sources.first, source.rowCount != rowCount {
      for (matrix, rows) in [(source, rowCount), (first, source.rowCount)] where matrix.columnCount == rows && rows > 1
      {
        throw Failure(
          .data,
          "\(path): dataset '\(matrix.name)' has the shape [\(matrix.rowCount), \(matrix.columnCount)]: "
            + transpositionWords(matrix.name, in: path))
      }
      throw Failure(
        .data,
        "\(path): dataset '\(name)' has \(source.rowCount) rows where '\(first.name)' has \(rowCount); "
          + "all columns need the same rows")
    }
    rowCount = source.rowCount
    sources.append(source)
    return sources.count - 1
  }
}

/// A dataset that holds one or more columns, and a block of its rows.
private struct HDF5Source {
  static let mostColumns = 1 << 20

  enum Cells {
    case numbers([Double])
    case integers([Int64])
    case strings([String])
  }

  let name: String
  let rowCount: Int
  let columnCount: Int
  private let kind: HDF5ElementKind
  /// Whether the file holds 32 bits of each number.
  let isSinglePrecision: Bool
  /// The texts that integers stand for, in a categorical column of a shard.
  private let levels: [String]?
  /// The names of the columns.
  let names: [String]
  /// What the attributes say of the numbers; nil when they are what they are.
  private let coding: HDF5ValueCoding?
  /// How many values mean missing after the attributes, by column.
  private var marked: [Int]
  /// Whether integers are kept as such: not when they are scaled, nor when one that is too large may mean missing.
  private let isReadAsIntegers: Bool
  private(set) var cells = Cells.numbers([])

  init(_ name: String, in file: borrowing HDF5File) throws {
    let dataset = try file.dataset(name)
    try dataset.requireStored()
    let shape = try dataset.shape()
    kind = try dataset.elementKind()
    if shape.count == 2, shape[1] > Self.mostColumns {
      throw Failure(.data, "\(dataset.location) has the shape \(shape): \(transpositionWords(name, in: file.path))")
    }
    isSinglePrecision = try kind == .float && dataset.elementSize() == 4
    guard (1...2).contains(shape.count), shape.count == 1 || (1...Self.mostColumns).contains(shape[1]) else {
      throw Failure(.data, "\(dataset.location) has the shape \(shape); a column or a matrix of columns is needed")
    }
    if case .other(let words) = kind {
      throw Failure(.data, "\(dataset.location) holds \(words); write it as numbers or strings")
    }
    if kind == .string && shape.count == 2 {
      throw Failure(.data, "\(dataset.location) is a matrix of strings; write its columns as datasets of their own")
    }
    let attribute = shape.count == 1 && kind == .integer ? try file.attribute("levels", of: name) : nil
    levels = if case .strings(let levels)? = attribute { levels } else { nil }
    self.name = name
    rowCount = shape[0]
    columnCount = shape.count == 1 ? 1 : shape[1]
    names = try Self.columnNames(of: name, columnCount, in: file)
    marked = [Int](repeating: 0, count: columnCount)
    coding = kind == .string || levels != nil ? nil : try dataset.valueCoding(in: file)
    isReadAsIntegers = try coding.map { try !$0.isScaled && !dataset.holdsUnsigned64() } ?? true
    if try file.attribute("MATLAB_class", of: name) == .string("char") {
      throw Failure(.data, "\(dataset.location) holds characters of MATLAB; write them as strings, one for each row")
    }
  }

  /// What the attributes of the dataset made of its numbers so far.
  var findings: [Finding] {
    guard let coding else { return [] }
    let scaling = coding.scalingWords.map { [Finding.note(.valuesScaled, [.column: .name(name), .reason: .name($0)])] }
    return (scaling ?? [])
      + zip(names, marked).filter { $0.1 > 0 }.map { column, count in
        .note(
          .valuesMarkedMissing,
          [.column: .name(column), .count: .count(count), .reason: .name(coding.markerWords)])
      }
  }

  /// Whether the attributes make an integer, which is not scaled, missing.
  func isMissing(_ integer: Int64) -> Bool { coding?.isMissing(Double(integer)) == true }

  mutating func load(rows: Range<Int>, from file: borrowing HDF5File) throws {
    let dataset = try file.dataset(name)
    switch kind {
    case .string: cells = .strings(try dataset.readStrings(rows: rows).map(trimmed))
    // Identifiers and categories are integers whole, whatever their number of digits.
    case .integer where isReadAsIntegers: cells = Self.cells(try dataset.read(Int64.self, rows: rows), levels)
    default: cells = .numbers(try dataset.read(Double.self, rows: rows))
    }
    if let coding { decode(by: coding) }
  }

  private mutating func decode(by coding: HDF5ValueCoding) {
    switch cells {
    case .numbers(var numbers):
      for index in numbers.indices where coding.isMissing(numbers[index]) { marked[index % columnCount] += 1 }
      coding.decode(&numbers)
      cells = .numbers(numbers)
    case .integers(let integers):
      for index in integers.indices where coding.isMissing(Double(integers[index])) { marked[index % columnCount] += 1 }
    case .strings: break
    }
  }

  /// Codes without a level are missing.
  private static func cells(_ codes: [Int64], _ levels: [String]?) -> Cells {
    guard let levels else { return .integers(codes) }
    return .strings(codes.map { levels.indices.contains(Int($0)) ? levels[Int($0)] : "" })
  }

  private static func columnNames(
    of name: String, _ columnCount: Int, in file: borrowing HDF5File
  ) throws -> [String] {
    if ["x", "/x"].contains(name), let record = try ShardHeader.read(from: file) {
      return record.header.covariateNames
    }
    for attribute in ["column_names", "column-names", "columns", "names"] {
      guard case .strings(let names)? = try file.attribute(attribute, of: name) else { continue }
      if names.count == columnCount { return names }
    }
    return columnCount == 1 ? [name] : (0..<columnCount).map { "\(name)[\($0)]" }
  }
}

/// A text without the blanks around it, as those that fill up strings of a fixed length; CSV loses them too.
private func trimmed(_ text: String) -> String {
  guard text.utf8.first == 32 || text.utf8.last == 32 else { return text }
  let bytes = text.utf8
  let start = bytes.firstIndex { $0 != 32 } ?? bytes.endIndex
  let end = bytes.lastIndex { $0 != 32 }.map { bytes.index(after: $0) } ?? start
  return String(text[start..<end])
}
