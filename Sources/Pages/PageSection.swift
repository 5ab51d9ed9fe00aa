import Reports

/// A part of a page: what stands under one heading, top to bottom. One without blocks is not shown.
struct PageSection: Sendable {
  let title: String
  var blocks: [PageBlock]

  init(_ title: String, _ blocks: [PageBlock]) {
    self.title = title
    self.blocks = blocks
  }
}

enum PageBlock: Sendable {
  case text(String)
  /// Sentences that stand for themselves.
  case list([String])
  case table(PageTable)
  case figure(any Drawing)
  case image(PageImage)
  /// What a terminal showed, or is to be given.
  case terminal(String)
}

extension PageBlock {
  /// A table of numbers that stand in `report.json`; nothing without rows.
  static func numbers(_ caption: String, _ columns: [String], _ rows: [[Report.Cell]]) -> [PageBlock] {
    rows.isEmpty ? [] : [.table(PageTable(caption, columns, rows))]
  }

  /// A figure; nothing without data.
  static func drawing(_ figure: Figure) -> [PageBlock] { figure.rows.isEmpty ? [] : [.figure(figure)] }
}

/// A picture that a run has left, as a part of the page.
struct PageImage: Sendable {
  /// A file in the format PNG.
  let bytes: [UInt8]
  let caption: String
  /// What a reader who does not see it should know of it.
  let alternative: String
}

/// A table of a page: without columns that are empty, and no longer than a reader goes.
struct PageTable: Sendable {
  /// Rows that are shown at most; the files of the run hold all.
  static let mostRows = 60

  let caption: String
  let columns: [String]
  let rows: [[Report.Cell]]
  /// The file of the run where the numbers stand.
  let source: String
  private let rowCount: Int

  init(_ caption: String, _ columns: [String], _ rows: [[Report.Cell]], from source: String = StoredRun.numbersName) {
    let shown = columns.indices.filter { column in column == 0 || rows.contains { $0[column] != .undefined } }
    self.caption = caption
    self.columns = shown.map { columns[$0] }
    self.rows = rows.prefix(Self.mostRows).map { row in shown.map { row[$0] } }
    self.source = source
    rowCount = rows.count
  }

  /// What is to be read below it; nil where all rows are shown.
  var note: String? {
    rowCount > rows.count ? "The first \(rows.count) of \(rowCount); \(source) holds all." : nil
  }
}
