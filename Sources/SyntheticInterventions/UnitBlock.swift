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
      guard Self.hasMissing(values, units.count) else { continue }
      for row in 0..<units.count where values[row].isNaN {
        missing[row, default: []].append(cell)
        target[row] = fills[units.lowerBound + row, cell] ?? 0
      }
    }
  }

  /// Whether one of some numbers is NaN, without a branch for each: NaN alone has bits above those of infinity.
  private static func hasMissing(_ values: UnsafePointer<Double>, _ count: Int) -> Bool {
    var found: UInt64 = 0
    for row in 0..<count { found |= (values[row].bitPattern & 0x7FFF_FFFF_FFFF_FFFF) &+ 0x000F_FFFF_FFFF_FFFF }
    return found >> 63 == 1
  }

  /// A cell of all units.
  subscript(cell: Int) -> UnsafeMutablePointer<Double> { columns.pointer + (1 + cell) * stride }

  /// Cells of a unit.
  func values(_ row: Int, _ cells: Range<Int>) -> [Double] { cells.map { self[$0][row] } }

  /// Whether no cell of a unit is missing.
  func isComplete(_ row: Int) -> Bool { missing.isEmpty || missing[row] == nil }

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
