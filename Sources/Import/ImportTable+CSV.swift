import Diagnostics
import Storage

/// The rows of a CSV file with a header.
final class CSVTable: ImportTable {
  private let reader: CSVReader
  private let header: CSVHeader
  private let parser: NumberParser
  private(set) var markers: MissingMarkers
  /// Rows without any value, which spreadsheets leave behind, and the line of the first.
  private var emptyRows = 0
  private var firstEmptyRow = 0
  private var lastRowNumber = -1.0

  /// - Throws: ``Failure`` `data` when there is no header that fits the rows.
  init(_ input: InputFile, _ format: TextFormat) throws {
    reader = try CSVReader(input, delimiter: format.delimiter?.utf8.first, comment: format.comment)
    header = try CSVHeader(reader)
    parser = NumberParser(format.numbers)
    markers = MissingMarkers(format.missingMarkers, parser)
  }

  var path: String { reader.path }
  var place: String { "line \(reader.line)" }

  var findings: [Finding] {
    var findings: [Finding] = []
    if header.hasRowNames { findings.append(.note(.rowNamesSkipped, [.file: .name(path)])) }
    if emptyRows > 0 {
      let values: [Finding.Key: Finding.Value] = [
        .file: .name(path), .count: .count(emptyRows), .line: .count(firstEmptyRow),
      ]
      findings.append(.note(.emptyRowsSkipped, values))
    }
    return findings
  }

  func columns(named name: String) throws -> [ImportColumn] {
    [ImportColumn(name: name, index: try header.index(of: name))]
  }

  func columns(from first: ImportColumn, through last: ImportColumn) throws -> [ImportColumn] {
    guard first.index <= last.index else { throw reversed(first, last) }
    return (first.index...last.index).map { ImportColumn(name: header.names[$0], index: $0) }
  }

  func next() throws -> Bool {
    while try reader.next() {
      guard reader.record.isEmpty else {
        if header.hasRowNames { try checkRowName() }
        return true
      }
      if emptyRows == 0 { firstEmptyRow = reader.line }
      emptyRows += 1
    }
    return false
  }

  /// Row names that are numbers rise: others are values of a column, shifted by a field that holds the delimiter.
  private func checkRowName() throws {
    let record = reader.record
    guard !record.fields[0].isQuoted, case .number(let number) = parseNumber(record[0]) else { return }
    guard number > lastRowNumber, number == number.rounded() else {
      throw Failure(
        .data,
        "\(path): \(place) has a field more than the header, and '\(quoted(try reader.text(0)))' is no row name that "
          + "follows the one before; quote fields that hold the delimiter, or add a name for the first column to the header"
      )
    }
    lastRowNumber = number
  }

  func read(_ columns: [ImportColumn], into values: inout [ImportValue]) {
    let record = reader.record
    let markers = self.markers
    for index in columns.indices {
      let bytes = record[columns[index].index]
      let parsed = parser.parse(bytes)
      if let marker = markers.index(of: parsed, bytes) {
        self.markers.noteMatch(marker)
        values[index] = .missing
      } else {
        values[index] = ImportValue(parsed)
      }
    }
  }

  func text(_ column: ImportColumn) throws -> String { try reader.text(column.index) }
}
