import Reports
import Storage

/// A CSV table of the folder of a run, as texts.
package struct DelimitedTable {
  package let names: [String]
  package let rows: [[String]]

  /// - Parameter text: a line of names, then the rows; quoted fields hold commas, quotes twice and ends of lines.
  package init(_ text: String) {
    var rows: [[String]] = []
    var (row, field): ([String], String) = ([], "")
    var isQuoted = false
    var characters = text.unicodeScalars.makeIterator()
    var next = characters.next()
    while let character = next {
      next = characters.next()
      switch character {
      case "\"" where isQuoted && next == "\"":
        field.unicodeScalars.append(character)
        next = characters.next()
      case "\"": isQuoted.toggle()
      case "," where !isQuoted:
        row.append(field)
        field = ""
      case "\n" where !isQuoted:
        rows.append(row + [field])
        (row, field) = ([], "")
      default: field.unicodeScalars.append(character)
      }
    }
    let names = rows.first ?? []
    self.names = names
    self.rows = rows.dropFirst().filter { $0.count == names.count }
  }

  /// A table of the folder of a run; nil where there is none.
  init?(_ name: String, of run: StoredRun) {
    guard let bytes = try? WholeFile.bytes("\(run.path)/\(name)") else { return nil }
    self.init(String(decoding: bytes, as: UTF8.self))
  }

  /// The texts of a column in all rows; empty texts where there is no such column.
  package func texts(_ name: String) -> [String] {
    guard let place = names.firstIndex(of: name) else { return rows.map { _ in "" } }
    return rows.map { $0[place] }
  }

  package func numbers(_ name: String) -> [Double?] { texts(name).map { Double($0) } }
}
