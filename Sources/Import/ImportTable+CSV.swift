import Diagnostics

/// The rows of a CSV file with a header.
final class CSVTable: ImportTable {
  private let reader: CSVReader
  private let markers: [[UInt8]]
  private var names: [String] = []

  /// - Throws: ``Failure`` `data` when there is no header, or two columns share a name.
  init(path: String, plan: ImportPlan) throws {
    reader = try CSVReader(path: path, delimiter: plan.delimiter.utf8.first!)
    markers = plan.missingMarkers.map { Array($0.utf8) }
    guard try reader.next() else {
      throw Failure(.data, "\(path) is empty; a header and rows are needed")
    }
    names = try (0..<reader.fieldCount).map { try reader.text($0) }
    var seen: Set<String> = []
    // Programs that write row numbers leave their column without a name.
    for name in names where !name.isEmpty && !seen.insert(name).inserted {
      throw Failure(.data, "\(path): two columns are named '\(name)'; rename one")
    }
  }

  var path: String { reader.path }
  var findings: [Finding] { [] }
  var place: String { "line \(reader.line)" }

  func columns(named name: String) throws -> [ImportColumn] {
    guard let index = names.firstIndex(of: name) else {
      throw unknownColumn(name, in: path, kind: "column", among: names)
    }
    return [ImportColumn(name: name, index: index)]
  }

  func next() throws -> Bool { try reader.next() }

  func read(_ columns: [ImportColumn], into values: inout [ImportValue]) {
    let record = reader.record
    let markers = self.markers
    for index in columns.indices {
      let bytes = record[columns[index].index]
      let isMissing = markers.contains { $0.count == bytes.count && $0.elementsEqual(bytes) }
      values[index] = isMissing ? .missing : ImportValue(parseNumber(bytes))
    }
  }

  func text(_ column: ImportColumn) throws -> String { try reader.text(column.index) }
}
