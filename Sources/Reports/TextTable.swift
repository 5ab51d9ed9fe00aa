/// Columns of text under headings: the first column to the left, numbers to the right.
public struct TextTable {
  public let headings: [String]
  public var rows: [[String]] = []

  public init(_ headings: [String]) { self.headings = headings }

  public var lines: [String] {
    let widths = headings.indices.map { column in
      ([headings] + rows).map { $0[column].count }.max() ?? 0
    }
    return ([headings] + rows).map { row in
      let cells = row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + padding : padding + cell
      }
      let line = "  " + cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }
}
