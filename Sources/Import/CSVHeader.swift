import Diagnostics

/// The names of a CSV file's columns, and how its rows are laid out below them.
package struct CSVHeader {
  /// One name for each field of the rows; empty for columns without one.
  package let names: [String]
  /// The rows begin with a name that the header has none for, as R's `write.table` writes them.
  package private(set) var hasRowNames = false

  private let path: String
  private let delimiter: UInt8
  /// The line of the header, and what stands in it.
  private let line: Int
  private let text: String
  /// Fields of the header and of the first row; nil without rows.
  private let fieldCount: Int
  private let rowText: String?

  /// Reads the header, and looks at the row below it.
  ///
  /// - Throws: ``Failure`` `data` when there is no header, or it does not fit the first row.
  package init(_ reader: CSVReader) throws {
    guard try reader.next() else { throw Failure(.data, "\(reader.path) is empty; a header and rows are needed") }
    var names = try (0..<reader.fieldCount).map { trimmedBlanks(try reader.text($0)) }
    (path, delimiter, line, text) = (reader.path, reader.delimiter, reader.line, reader.recordText)
    fieldCount = names.count
    let hasRows = try reader.peek()
    rowText = hasRows ? reader.recordText : nil
    // Names that are left out at the end are no columns.
    while hasRows, names.count > reader.fieldCount, names.last == "" { names.removeLast() }
    if hasRows, reader.fieldCount == names.count + 1, Self.isRowName(reader) {
      hasRowNames = true
      names.insert("", at: 0)
    }
    self.names = names
    if hasRows && reader.fieldCount != names.count { throw misfit(reader) }
    reader.expectedFields = hasRows ? reader.fieldCount : nil
  }

  /// The place of a column.
  ///
  /// - Throws: ``Failure`` `data` when there is none of the name, or there are two.
  package func index(of name: String) throws -> Int {
    let places = names.indices.filter { names[$0] == name }
    guard places.count < 2 else {
      throw Failure(
        .data,
        "\(path): two columns are named '\(name)', the \(places[0] + 1). and the \(places[1] + 1).; rename one in line "
          + "\(line)")
    }
    guard let place = places.first else {
      let unknown = unknownColumn(name, in: path, kind: "column", among: names.filter { !$0.isEmpty })
      guard let hint else { throw unknown }
      throw Failure(.data, "\(path): no column named '\(name)'; \(hint)")
    }
    return place
  }

  /// Row names are quoted, or text, or count; a field more for another reason, such as a decimal comma, is none.
  private static func isRowName(_ reader: CSVReader) -> Bool {
    let (record, last) = (reader.record, reader.fieldCount - 1)
    guard !record[last].isEmpty || record.fields[last].isQuoted else { return false }
    if record.fields[0].isQuoted { return true }
    switch parseNumber(record[0]) {
    case .number(let number): return number >= 0 && number == number.rounded()
    default: return !record[0].isEmpty
    }
  }

  private func misfit(_ reader: CSVReader) -> Failure {
    if let hint { return Failure(.data, "\(path): \(hint)") }
    let remedy =
      if reader.fieldCount != fieldCount + 1 {
        "remove the lines above the header, or add the names that it lacks"
      } else if reader.record[reader.fieldCount - 1].isEmpty {
        "if the rows end in a trailing delimiter, remove it or add one to the header; if they begin with row names, add a "
          + "name for them to the header"
      } else {
        "if the rows begin with row names, add a name for the first column to the header; if a field holds the delimiter, "
          + "as decimal commas do, quote it"
      }
    return Failure(
      .data,
      "\(path): line \(reader.line) has \(reader.fieldCount) fields where the header in line \(line), '\(quoted(text))', "
        + "has \(fieldCount); \(remedy)")
  }

  /// What the first line may be instead of a header with the right delimiter.
  private var hint: String? {
    for mark in ["#", "%", "//", "!"] where text.hasPrefix(mark) {
      return
        "line \(line), '\(quoted(text))', looks like a comment: skip such lines with --comment '\(mark)', or remove "
        + "them"
    }
    let own = Character(Unicode.Scalar(delimiter))
    let others: [(Character, String)] = [(";", "';'"), ("\t", "tab"), ("|", "'|'"), (",", "','"), (" ", "' '")]
    for (other, option) in others where fieldCount == 1 && other != own {
      let count = text.count { $0 == other }
      guard count > 0, other != " " || rowText.map({ $0.count { $0 == other } >= count }) == true else { continue }
      let comma =
        other == ";" && rowText?.contains(",") == true ? "; give --decimal-mark , too if it has decimal commas" : ""
      return "line \(line) is '\(quoted(text))': name what separates the fields with --delimiter \(option)\(comma)"
    }
    if fieldCount > 1, names.count(where: { !$0.isEmpty }) == 1 {
      return "line \(line) is '\(quoted(text))', one name for \(fieldCount) columns: remove the lines above the header"
    }
    let isOfNumbers = names.allSatisfy { name in
      var name = name
      return if case .number = name.withUTF8({ parseNumber($0) }) { true } else { name.isEmpty }
    }
    if isOfNumbers {
      return
        "line \(line) is '\(quoted(text))', numbers: is the header missing? Add a first line with the names of the "
        + "columns"
    }
    return nil
  }
}
