import Frames
import LinearAlgebra

/// The outcomes of the units of a chunk in all windows, cell by cell.
///
/// They lie in the frame where nothing is missing; else they are copied, and what is missing is what it was filled with,
/// else 0, and is listed. So a block is of use until another chunk is asked for.
struct UnitBlock {
  let units: Range<Int>
  /// Numbers from one cell to the next, of those before.
  let stride: Int
  /// Missing cells by row, ascending.
  private(set) var missing: [Int: [Int]] = [:]
  private let cells: [UnsafePointer<Double>]
  private let copy: AlignedBuffer?

  init(_ problem: PanelProblem, chunk: Int, fills: Fills = Fills()) throws {
    let frame = problem.panel.frame
    units = frame.rows.grid.rows(ofChunk: chunk)
    stride = frame.rows.grid.columnStride
    let column = frame.columns(of: .outcome)[0]
    let first = try frame.reals(column, chunk: chunk)
    let (stride, count, components) = (self.stride, units.count, problem.components)
    let own = components.map { first + $0 * stride }
    let lacking =
      fills.areNeeded && frame.schema.columns[column].allowsMissing
      ? own.indices.filter { Self.hasMissing(own[$0], count) } : []
    guard !lacking.isEmpty || !problem.isContiguousBefore else {
      (cells, copy) = (own, nil)
      return
    }
    let copy = AlignedBuffer(count: components.count * stride)
    for (cell, values) in own.enumerated() {
      (copy.pointer + cell * stride).update(from: values, count: count)
    }
    for cell in lacking {
      let target = copy.pointer + cell * stride
      for row in 0..<count where target[row].isNaN {
        missing[row, default: []].append(cell)
        target[row] = fills[units.lowerBound + row, cell] ?? 0
      }
    }
    self.copy = copy
    cells = components.indices.map { UnsafePointer(copy.pointer + $0 * stride) }
  }

  /// Whether one of some numbers is NaN, without a branch for each: NaN alone has bits above those of infinity.
  private static func hasMissing(_ values: UnsafePointer<Double>, _ count: Int) -> Bool {
    var found: UInt64 = 0
    for row in 0..<count { found |= (values[row].bitPattern & 0x7FFF_FFFF_FFFF_FFFF) &+ 0x000F_FFFF_FFFF_FFFF }
    return found >> 63 == 1
  }

  /// A cell of all units; those before follow each other at distances of ``stride``.
  subscript(cell: Int) -> UnsafePointer<Double> { cells[cell] }

  /// The rows of each arm's donors, ascending.
  func donors(_ problem: PanelProblem) -> [[Int]] {
    var rows = [[Int]](repeating: [], count: problem.armCount)
    for (row, unit) in units.enumerated() where problem.donorArms[unit] >= 0 {
      rows[problem.donorArms[unit]].append(row)
    }
    return rows
  }

  /// Cells of a unit.
  func values(_ row: Int, _ cells: Range<Int>) -> [Double] { cells.map { self[$0][row] } }

  /// Whether no cell of a unit is missing.
  func isComplete(_ row: Int) -> Bool { missing.isEmpty || missing[row] == nil }

  /// A unit's missing cells among some.
  func missing(_ row: Int, _ cells: Range<Int>) -> [Int] { missing[row]?.filter(cells.contains) ?? [] }
}

/// What missing cells of donors were filled with.
struct Fills: Sendable, Codable, Equatable {
  /// Where no cell of any unit is missing, nobody need look.
  var areNeeded = true
  private(set) var values: [Int: [Int: Double]] = [:]

  subscript(unit: Int, cell: Int) -> Double? {
    get { values.isEmpty ? nil : values[unit]?[cell] }
    set { values[unit, default: [:]][cell] = newValue }
  }
}
