import Diagnostics
import Storage

/// Results as a table with typed columns, written in three formats.
///
/// `NAME.csv` has one line for each row, empty where a value is undefined; `NAME.jsonl` one JSON object with null there;
/// `NAME.h5` one dataset for each column, with NaN, -1 in columns of integers, or an empty text.
public struct ResultTable: Sendable {
  /// The values of a column, one for each row; nil where undefined.
  public enum Column: Sendable, Equatable {
    case text([String?])
    case integers([Int?])
    /// Integers of 64 bits without a sign, all of them defined.
    case unsigned([UInt64])
    case numbers([Double?])

    var count: Int {
      switch self {
      case .text(let values): values.count
      case .integers(let values): values.count
      case .unsigned(let values): values.count
      case .numbers(let values): values.count
      }
    }
  }

  public let rowCount: Int
  /// The columns, in the order in which they were added.
  public private(set) var columns: [(name: String, values: Column)] = []

  public init(rowCount: Int) { self.rowCount = rowCount }

  /// - Precondition: the column has one value for each row, and a name of its own.
  public mutating func add(_ name: String, _ values: Column) {
    precondition(values.count == rowCount, "a column has one value for each row")
    precondition(!columns.contains { $0.name == name }, "every column has a name of its own")
    columns.append((name, values))
  }

  /// Writes the three files, replacing those of the same name.
  ///
  /// - Parameters:
  ///   - encodingType: what the HDF5 file says that it is.
  ///   - jsonLines: the lines of `NAME.jsonl` where they hold more than the columns.
  /// - Throws: ``Failure`` `cannotCreate` or `inputOutput`.
  public func write(
    toFolder folder: String, name: String, encodingType: String, encodingVersion: String, jsonLines: [String]? = nil
  ) throws {
    let lines = try (jsonLines ?? self.jsonLines()).map { $0 + "\n" }.joined()
    try AtomicFile.save([UInt8](lines.utf8), to: "\(folder)/\(name).jsonl", force: true)
    try AtomicFile.save([UInt8](csv.utf8), to: "\(folder)/\(name).csv", force: true)
    try writeHDF5(to: "\(folder)/\(name).h5", encodingType: encodingType, encodingVersion: encodingVersion)
  }

  private func writeHDF5(to path: String, encodingType: String, encodingVersion: String) throws {
    let target = try AtomicFile(path, force: true)
    let file = try HDF5File.create(target.temporaryPath, named: path)
    try file.setAttribute("encoding-type", .string(encodingType))
    try file.setAttribute("encoding-version", .string(encodingVersion))
    for (name, column) in columns {
      switch column {
      case .text(let values): try file.write(values.map { $0 ?? "" }, to: name)
      case .integers(let values): try file.write(values.map { Int64($0 ?? -1) }, to: name)
      case .unsigned(let values): try file.write(values, to: name)
      case .numbers(let values): try file.write(values.map { $0 ?? .nan }, to: name)
      }
    }
    try file.close()
    try target.commit()
  }

  // MARK: Text

  /// The table as comma-separated values after RFC 4180, but that lines end with a line feed alone.
  public var csv: String { String(decoding: csvHeader + csvRows, as: UTF8.self) }

  /// The first line of ``csv``, in UTF-8.
  package var csvHeader: [UInt8] {
    var text = CSVText()
    for (name, _) in columns { text.append(name) }
    text.endLine()
    return text.bytes
  }

  /// The lines of ``csv`` below the first, in UTF-8.
  package var csvRows: [UInt8] {
    var text = CSVText()
    for row in 0..<rowCount {
      for (_, column) in columns {
        switch column {
        case .text(let values): text.append(values[row] ?? "")
        case .integers(let values): text.append(plain: values[row]?.description ?? "")
        case .unsigned(let values): text.append(plain: values[row].description)
        case .numbers(let values): text.append(plain: values[row]?.description ?? "")
        }
      }
      text.endLine()
    }
    return text.bytes
  }

  /// One JSON object for each row, with keys in sorted order.
  public func jsonLines() throws -> [String] {
    try (0..<rowCount).map { row in
      try jsonText(Dictionary(uniqueKeysWithValues: columns.map { ($0.name, Cell(column: $0.values, row: row)) }))
    }
  }

  private struct Cell: Encodable {
    let column: Column
    let row: Int

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch column {
      case .text(let values): try container.encode(values[row])
      case .integers(let values): try container.encode(values[row])
      case .unsigned(let values): try container.encode(values[row])
      // JSON has no other numbers.
      case .numbers(let values): try container.encode(values[row].flatMap { $0.isFinite ? $0 : nil })
      }
    }
  }
}

/// Lines of fields with commas between them, as bytes: a table may have millions of lines.
private struct CSVText {
  private(set) var bytes: [UInt8] = []
  private var isInLine = false

  /// A field without anything that needs quotes.
  mutating func append(plain text: String) {
    separate()
    bytes.append(contentsOf: text.utf8)
  }

  mutating func append(_ text: String) {
    guard text.utf8.contains(where: Self.needsQuotes) else { return append(plain: text) }
    separate()
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      if byte == UInt8(ascii: "\"") { bytes.append(byte) }
      bytes.append(byte)
    }
    bytes.append(UInt8(ascii: "\""))
  }

  mutating func endLine() {
    bytes.append(UInt8(ascii: "\n"))
    isInLine = false
  }

  private mutating func separate() {
    if isInLine { bytes.append(UInt8(ascii: ",")) }
    isInLine = true
  }

  private static func needsQuotes(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\n"), UInt8(ascii: "\r"): true
    default: false
    }
  }
}
