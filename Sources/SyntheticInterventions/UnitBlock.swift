import Frames
import Glibc
import LinearAlgebra

/// The outcomes of the units of a chunk in all windows, cell by cell, behind a column of the constant 1.
///
/// What is missing is what it was filled with, else 0, and is listed.
struct UnitBlock {
  let units: Range<Int>
  /// Numbers from one cell to the next.
  let stride: Int
  /// [1 + cells][stride].
  let columns: AlignedBuffer
  /// Missing cells by row, ascending.
  private(set) var missing: [Int: [Int]] = [:]

  init(_ problem: PanelProblem, chunk: Int, fills: Fills = Fills()) throws {
    let frame = problem.panel.frame
    units = frame.rows.grid.rows(ofChunk: chunk)
    stride = frame.rows.grid.columnStride
    columns = AlignedBuffer(count: (1 + problem.cellCount) * stride)
    for row in units.indices { columns[row - units.lowerBound] = 1 }
    let column = frame.columns(of: .outcome)[0]
    let mayMiss = frame.schema.columns[column].allowsMissing
    for (cell, component) in problem.components.enumerated() {
      let values = try frame.reals(column, component: component, chunk: chunk)
      let target = self[cell]
      target.update(from: values, count: units.count)
      guard mayMiss else { continue }
      for row in 0..<units.count where values[row].isNaN {
        missing[row, default: []].append(cell)
        target[row] = fills[units.lowerBound + row, cell] ?? 0
      }
    }
  }

  /// A cell of all units.
  subscript(cell: Int) -> UnsafeMutablePointer<Double> { columns.pointer + (1 + cell) * stride }

  /// Cells of a unit.
  func values(_ row: Int, _ cells: Range<Int>) -> [Double] { cells.map { self[$0][row] } }

  /// A unit's missing cells among some.
  func missing(_ row: Int, _ cells: Range<Int>) -> [Int] { missing[row]?.filter(cells.contains) ?? [] }
}

/// What missing cells of donors were filled with.
struct Fills: Sendable, Codable, Equatable {
  private(set) var values: [Int: [Int: Double]] = [:]

  subscript(unit: Int, cell: Int) -> Double? {
    get { values.isEmpty ? nil : values[unit]?[cell] }
    set { values[unit, default: [:]][cell] = newValue }
  }
}
