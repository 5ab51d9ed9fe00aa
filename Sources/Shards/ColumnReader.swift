import Diagnostics
import Frames
import Storage

/// Reads rows of one dataset as doubles, and refuses values that no analysis can use.
struct ColumnReader: ~Copyable {
  let dataset: HDF5Dataset
  let variable: Variable
  /// The number of values in a row.
  let width: Int
  private let columnNames: [String]?

  /// - Parameter columnNames: the names of the columns; nil for a dataset of one column.
  init(dataset: consuming HDF5Dataset, variable: Variable, columnNames: [String]?) {
    self.dataset = dataset
    self.variable = variable
    self.width = columnNames?.count ?? 1
    self.columnNames = columnNames
  }

  /// Reads rows in row-major order.
  ///
  /// - Throws: ``Failure`` `data` that names the first value that is not finite, or the first negative weight.
  func read(_ rows: Range<Int>, into buffer: UnsafeMutableBufferPointer<Double>) throws {
    try dataset.read(rows: rows, into: buffer)
    if !buffer.isAllFinite, let index = buffer.firstIndex(where: { !$0.isFinite }) {
      throw failure(
        at: index, from: rows, "\(buffer[index])",
        "not a finite number; drop or fill such rows with 'giv-dist shard --missing drop|mean'")
    }
    if variable == .weight, let index = buffer.firstIndex(where: { $0 < 0 }) {
      throw failure(at: index, from: rows, "\(buffer[index])", "negative; weights must be at least 0")
    }
  }

  private func failure(at index: Int, from rows: Range<Int>, _ value: String, _ reason: String) -> Failure {
    let column = columnNames.map { ", column '\($0[index % width])'" } ?? ""
    let row = rows.lowerBound + index / width
    return Failure(.data, "\(dataset.location), row \(row) (counted from 0)\(column): \(value) is \(reason)")
  }
}

extension UnsafeMutableBufferPointer<Double> {
  /// Whether no value is infinite or NaN: their exponents alone carry into the sign bit when 1 is added to them.
  fileprivate var isAllFinite: Bool {
    let exponent: UInt64 = 0x7FF0_0000_0000_0000
    var carries: UInt64 = 0
    for value in self { carries |= (value.bitPattern & exponent) &+ 0x0010_0000_0000_0000 }
    return carries >> 63 == 0
  }
}

extension HDF5Dataset {
  /// Reads integer codes, which other programs may have stored as floating-point numbers.
  func readCodes(rows: Range<Int>) throws -> [Int64] {
    guard try elementKind() == .float else { return try read(rows: rows) }
    return try read(Double.self, rows: rows).enumerated().map { offset, value in
      guard let code = Int64(exactly: value) else {
        throw Failure(
          .data,
          "\(location), row \(rows.lowerBound + offset) (counted from 0): \(value) is no integer; "
            + "sources are integer codes")
      }
      return code
    }
  }
}
