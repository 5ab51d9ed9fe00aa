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
  public var csv: String { csvHeader + csvRows }

  /// The first line of ``csv``.
  var csvHeader: String { columns.map { Self.quoted($0.name) }.joined(separator: ",") + "\n" }

  /// The lines of ``csv`` below the first.
  var csvRows: String {
    (0..<rowCount).map { row in columns.map { Self.field($0.values, row) }.joined(separator: ",") + "\n" }.joined()
  }

  private static func field(_ column: Column, _ row: Int) -> String {
    switch column {
    case .text(let values): quoted(values[row] ?? "")
    case .integers(let values): values[row].map { "\($0)" } ?? ""
    case .unsigned(let values): "\(values[row])"
    case .numbers(let values): values[row].map { "\($0)" } ?? ""
    }
  }

  private static func quoted(_ text: String) -> String {
    // Scalars, for a line feed behind a carriage return is one character with it.
    text.unicodeScalars.contains { ",\"\n\r".unicodeScalars.contains($0) }
      ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
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
