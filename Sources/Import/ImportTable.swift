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

/// The names most like `name`, for a message: equal but for case first, then by the number of changed characters.
package func similarNames(to name: String, among names: [String]) -> [String] {
  let wanted = Array(name.lowercased())
  let ranked = names.map { candidate in
    let other = Array(candidate.lowercased())
    let isPart = !wanted.isEmpty && candidate.lowercased().contains(name.lowercased())
    return (name: candidate, distance: isPart ? min(1, editDistance(wanted, other)) : editDistance(wanted, other))
  }
  let closest = ranked.filter { $0.distance <= min(max(2, wanted.count / 3), wanted.count / 2) }
  return closest.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(3).map(\.name)
}

/// Insertions, deletions and replacements that turn `a` into `b` (Levenshtein).
private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
  var row = Array(0...b.count)
  for (i, left) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, right) in b.enumerated() {
      let replaced = diagonal + (left == right ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
    }
  }
  return row[b.count]
}

/// The failure of a column that is not there.
func unknownColumn(_ name: String, in path: String, kind: String, among names: [String]) -> Failure {
  let similar = similarNames(to: name, among: names)
  let list = (similar.isEmpty ? Array(names.prefix(12)) : similar).map { "'\($0)'" }.joined(separator: ", ")
  let hint = similar.isEmpty ? "it has \(list)\(names.count > 12 ? ", …" : "")" : "did you mean \(list)?"
  return Failure(.data, "\(path): no \(kind) named '\(name)'; \(hint)")
}
