import Storage

/// Row outputs as comma-separated values: a line for each row, what is carried first, then a field for each number. Those of a
/// column of some width are `name_0`, `name_1`, ….
final class RowOutputText: RowOutputFile {
  private let outputs: RowOutputs
  private let carried: RowOutputs.Carried?
  private let file: TextOutput

  init(_ path: String, _ outputs: RowOutputs, _ carried: RowOutputs.Carried?, force: Bool) throws {
    self.outputs = outputs
    self.carried = carried
    file = try TextOutput(path, force: force)
    try file.append(try table(outputs.columns.map { _ in [] }, rows: 0..<0).csvHeader[...])
  }

  func write(_ parts: [ArraySlice<UInt8>], rows: Range<Int>) throws {
    try file.append(try table(parts, rows: rows).csvRows[...])
  }

  func commit() throws { try file.commit() }

  private func table(_ parts: [ArraySlice<UInt8>], rows: Range<Int>) throws -> ResultTable {
    var table = ResultTable(rowCount: rows.count)
    if let carried {
      // The root reads no rows where there are none.
      switch rows.isEmpty ? .text([]) : try carried.values(rows) {
      case .text(let texts): table.add(carried.name, .text(texts))
      case .integers(let integers): table.add(carried.name, .integers(integers.map(Int.init)))
      }
    }
    for (column, part) in zip(outputs.columns, parts) {
      switch column.kind {
      case .integers: table.add(column.name, .integers(part.elements(Int64.self).map { Int($0) }))
      case .numbers:
        let numbers = part.elements(Double.self).map { $0.isNaN ? nil : $0 }
        guard let width = column.width else {
          table.add(column.name, .numbers(numbers))
          continue
        }
        for place in 0..<width {
          let component = (0..<rows.count).map { numbers[$0 * width + place] }
          table.add("\(column.name)_\(place)", .numbers(component))
        }
      }
    }
    return table
  }
}
