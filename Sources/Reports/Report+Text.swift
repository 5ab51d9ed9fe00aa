import Diagnostics
import Foundation

extension Report {
  /// The report as plain text: sections with a blank line between them.
  public var text: String {
    sections.filter { !$0.blocks.isEmpty }.map { $0.lines.joined(separator: "\n") }.joined(separator: "\n\n")
  }
}

extension Report.Section {
  var lines: [String] { (title.map { [$0] } ?? []) + blocks.flatMap(\.lines) }
}

extension Report.Block {
  var lines: [String] {
    switch self {
    case .line(let text): [text]
    case .facts(let facts): [facts.map(\.text).joined(separator: "   ")]
    case .list(let facts): ["  " + facts.map(\.text).joined(separator: "  ")]
    case .series(let title, let facts): ["\(title): \(facts.map(\.text).joined(separator: ", "))"]
    case .estimates(let estimates): [estimates.text]
    case .table(let table): table.lines
    case .findings(let findings): findings.map { "note: \($0.words)" }
    }
  }
}

extension Report.Fact {
  var text: String { [name, value.text, unit].filter { !$0.isEmpty }.joined(separator: " ") }
}

extension Report.Estimates {
  var text: String {
    let numbers = values.isEmpty ? "" : " (std. error): \(values.map(\.text).joined(separator: "  "))"
    guard case .test(let statistic, let degreesOfFreedom, let pValue) = test else { return name + numbers }
    return "\(name)\(numbers); none: chi2 \(significant(statistic)) on \(degreesOfFreedom), \(pValue.asPValue)"
  }
}

extension Report.Table {
  var lines: [String] {
    var table = TextTable(columns.map { $0.title + ($0.hasMarks ? "  " : "") })
    table.rows = rows.map { row in
      zip(row, columns).map { cell, column in cell.text + (column.hasMarks && !cell.isMarked ? "  " : "") }
    }
    return table.lines + (note.map { ["  " + $0] } ?? [])
  }
}

extension Report.Cell {
  var isMarked: Bool { if case .marked = self { true } else { false } }

  package var text: String {
    switch self {
    case .text(let text): text
    case .count(let count): "\(count)"
    case .number(let value, .significant): Reports.significant(value)
    case .number(let value, .probability): value < 1e-9 ? "<1e-9" : Reports.significant(value)
    case .number(let value, .decimals(let count)): format(value, decimals: count)
    case .interval(let range):
      "\(Reports.significant(range.lowerBound)) to \(Reports.significant(range.upperBound))"
    case .estimate(let value, let error):
      Reports.significant(value) + (error.map { " (\(Reports.significant($0)))" } ?? "")
    case .marked(let cell): "\(cell.text) *"
    case .undefined: "-"
    }
  }
}

/// A number with a fixed number of decimals.
public func format(_ value: Double, decimals: Int) -> String { String(format: "%.\(decimals)f", value) }

/// Five significant digits.
public func significant(_ value: Double) -> String { String(format: "%.5g", value) }
