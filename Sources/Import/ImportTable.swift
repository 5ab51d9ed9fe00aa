import Diagnostics
import Storage

/// What a cell of a table holds.
enum ImportValue {
  case missing
  case number(Double)
  /// An infinity, or NaN in a text that is not marked as missing.
  case notFinite
  case text

  init(_ parsed: ParsedNumber) {
    self =
      switch parsed {
      case .number(let number): .number(number)
      case .notFinite: .notFinite
      case .notANumber: .text
      }
  }
}

/// A column of a table.
struct ImportColumn {
  let name: String
  let index: Int
}

/// A cursor over the rows of one input, CSV or HDF5.
///
/// Before the first row, columns are asked for by name; only those may be read.
protocol ImportTable: AnyObject {
  var path: String { get }
  /// The columns that a name stands for: one, or all columns of a matrix.
  ///
  /// - Throws: ``Failure`` `data` that lists similar names, when there is none.
  func columns(named name: String) throws -> [ImportColumn]
  /// The columns from one to another, in the order of the table; of an HDF5 file those of one matrix.
  ///
  /// - Throws: ``Failure`` `data` when the second does not follow the first.
  func columns(from first: ImportColumn, through last: ImportColumn) throws -> [ImportColumn]
  /// Moves to the next row; false after the last one.
  func next() throws -> Bool
  /// Where the current row is, for a message.
  var place: String { get }
  /// Reads cells of the current row, as many as `values` has.
  func read(_ columns: [ImportColumn], into values: inout [ImportValue])
  /// A cell of the current row as text.
  func text(_ column: ImportColumn) throws -> String
  /// What stands for missing values, and which of it was met so far.
  var markers: MissingMarkers { get }
  /// What was passed over so far.
  var findings: [Finding] { get }
  /// What to do about a name that stands for several columns where one is wanted.
  func remedy(forMatrix name: String, ofColumns count: Int) -> String
}

extension ImportTable {
  func remedy(forMatrix name: String, ofColumns count: Int) -> String {
    "name one of '\(name)[0]' to '\(name)[\(count - 1)]'"
  }

  func reversed(_ first: ImportColumn, _ last: ImportColumn) -> Failure {
    Failure(
      .data, "\(path): column '\(last.name)' does not follow '\(first.name)'; name the first and the last of them")
  }
}

/// Opens an input by its content: HDF5 by its signature, CSV otherwise.
func openImportTable(_ input: InputFile, _ format: TextFormat) throws -> any ImportTable {
  try HDF5Table.isHDF5(input.location) ? HDF5Table(path: input.location, format) : CSVTable(input, format)
}

/// The failure of a column that is not there.
func unknownColumn(_ name: String, in path: String, kind: String, among names: [String]) -> Failure {
  return Failure(.data, "\(path): no \(kind) named '\(name)'; \(suggestion(for: name, among: names, owner: "it has"))")
}
