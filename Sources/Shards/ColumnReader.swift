import Diagnostics
import Frames
import Storage

/// Reads rows of one dataset of real numbers, and refuses values that no analysis can use.
struct ColumnReader: ~Copyable {
  let dataset: HDF5Dataset
  /// The columns of the dataset, or the one that it is.
  let columns: [Column]
  /// The number of values in a row that is read, and in one of the dataset.
  let width: Int
  private let storedWidth: Int
  /// What the attributes of the dataset say of its numbers; nil when they are what they are.
  private let coding: HDF5ValueCoding?
  /// How rows of the dataset become those that are read; nil when they are.
  private let conversion: CovariateConversion?

  /// - Parameter columns: covariates of x, or a single real column or one of vectors.
  init(
    dataset: consuming HDF5Dataset, columns: [Column], width: Int, coding: HDF5ValueCoding? = nil,
    conversion: CovariateConversion? = nil
  ) {
    self.dataset = dataset
    self.columns = conversion?.columns ?? columns
    self.width = width
    storedWidth = conversion?.columns.count ?? width
    self.coding = coding
    self.conversion = conversion
  }

  /// Reads rows in row-major order.
  ///
  /// - Throws: ``Failure`` `data` that names the first value that is not finite, nor missing where that is allowed, the
  ///   first negative weight, or the first indicator to be converted that is none.
  func read(_ rows: Range<Int>, into buffer: UnsafeMutableBufferPointer<Double>) throws {
    guard let conversion else { return try readStored(rows, into: buffer) }
    try withUnsafeTemporaryAllocation(of: Double.self, capacity: rows.count * storedWidth) { stored in
      try readStored(rows, into: stored)
      let values = UnsafeBufferPointer(stored)
      if let index = conversion.firstInvalid(values) {
        throw failure(
          at: index, from: rows,
          "\(values[index]) is neither 0 nor 1, as an indicator must be; write the file again")
      }
      conversion.convert(values, into: buffer)
    }
  }

  private func readStored(_ rows: Range<Int>, into buffer: UnsafeMutableBufferPointer<Double>) throws {
    try dataset.read(rows: rows, into: buffer)
    coding?.decode(buffer)
    let values = UnsafeBufferPointer(buffer)
    if !values.isAllFinite, let index = values.indices.first(where: { isRefused(values[$0], at: $0) }) {
      throw failure(
        at: index, from: rows,
        try reasonRefused(values[index], at: index, from: rows)
          + "; drop or fill such rows with 'giv-dist shard --missing drop|mean'")
    }
    if columns[0].role == .weight, let index = values.firstIndex(where: { $0 < 0 }) {
      throw failure(at: index, from: rows, "\(values[index]) is negative; weights must be at least 0")
    }
  }

  private func column(ofValue index: Int) -> Column { columns.count == 1 ? columns[0] : columns[index % storedWidth] }

  private func isRefused(_ value: Double, at index: Int) -> Bool {
    !value.isFinite && !(value.isNaN && column(ofValue: index).allowsMissing)
  }

  /// What a value that is not finite is: one that an attribute marks is named as it is stored, with their number.
  private func reasonRefused(_ value: Double, at index: Int, from rows: Range<Int>) throws -> String {
    let row = rows.lowerBound + index / storedWidth
    guard let coding else { return "\(value) is not a finite number" }
    let stored = try dataset.read(Double.self, rows: row..<row + 1)[index % storedWidth]
    guard let reason = coding.reasonMissing(stored) else { return "\(value) is not a finite number" }
    return "\(stored) \(reason), as \(try countMissing(coding)) of \(try dataset.rowCount() * storedWidth) values do"
  }

  private func countMissing(_ coding: HDF5ValueCoding) throws -> Int {
    let rowCount = try dataset.rowCount()
    let step = max(1, (4 << 20) / (8 * storedWidth))
    return try stride(from: 0, to: rowCount, by: step).reduce(0) { count, start in
      try count + dataset.read(Double.self, rows: start..<min(start + step, rowCount)).count(where: coding.isMissing)
    }
  }

  private func failure(at index: Int, from rows: Range<Int>, _ reason: String) -> Failure {
    let isNamed = columns[0].role == .covariate
    let column = isNamed ? ", column '\(column(ofValue: index).name)'" : ""
    let row = rows.lowerBound + index / storedWidth
    return Failure(.data, "\(dataset.location), row \(row) (counted from 0)\(column): \(reason)")
  }
}

/// Reads rows of one dataset of codes.
struct CodeReader: ~Copyable {
  let dataset: HDF5Dataset
  /// The column as the file has it.
  let column: Column
  /// The code, among the levels of all files, of each of the file's own; nil when they are the same.
  let recoding: [Int64]?
  /// The levels of the file.
  let levelCount: Int?
  /// What the attributes of the dataset say of its numbers; nil when they are what they are.
  private let coding: HDF5ValueCoding?

  init(dataset: consuming HDF5Dataset, column: Column, recoding: [Int64]?, coding: HDF5ValueCoding?) {
    self.dataset = dataset
    self.coding = coding
    self.column = column
    self.recoding = recoding
    levelCount = recoding?.count ?? column.kind.levels?.count
  }

  /// Reads codes.
  ///
  /// - Throws: ``Failure`` `data` that names the first code that is no integer, missing where that is not allowed, or
  ///   of no level.
  func read(_ rows: Range<Int>) throws -> [Int64] {
    var codes = try dataset.readCodes(rows: rows, of: column.role)
    guard let missing = column.kind.missingCode else { return codes }
    if let coding { for index in codes.indices where coding.isMissing(Double(codes[index])) { codes[index] = missing } }
    if !column.allowsMissing, let index = codes.firstIndex(of: missing) {
      throw failure(at: rows.lowerBound + index, "the value is missing; drop such rows")
    }
    guard let levelCount else { return codes }
    for index in codes.indices where codes[index] != missing {
      guard (0..<Int64(levelCount)).contains(codes[index]) else {
        throw failure(
          at: rows.lowerBound + index, "\(codes[index]) is no code of its \(levelCount) levels; write the file again")
      }
      if let recoding { codes[index] = recoding[Int(codes[index])] }
    }
    return codes
  }

  private func failure(at row: Int, _ reason: String) -> Failure {
    Failure(.data, "\(dataset.location), row \(row) (counted from 0), column '\(column.name)': \(reason)")
  }
}

extension HDF5Dataset {
  /// Reads integer codes, which other programs may have stored as floating-point numbers.
  package func readCodes(rows: Range<Int>, of role: Role) throws -> [Int64] {
    guard try elementKind() == .float else { return try read(rows: rows) }
    return try read(Double.self, rows: rows).enumerated().map { offset, value in
      guard let code = Int64(exactly: value) else {
        throw Failure(
          .data,
          "\(location), row \(rows.lowerBound + offset) (counted from 0): \(value) is no integer; \(role.codeWords)")
      }
      return code
    }
  }

  /// Refuses floating-point numbers that are no codes, in memory that does not grow with them.
  func requireCodes(of role: Role) throws {
    guard try elementKind() == .float else { return }
    let rowCount = try rowCount()
    for start in stride(from: 0, to: rowCount, by: 1 << 16) {
      _ = try readCodes(rows: start..<min(start + 1 << 16, rowCount), of: role)
    }
  }
}

extension Role {
  fileprivate var codeWords: String {
    switch self {
    case .source: "sources are integer codes"
    case .identifier: "identifiers are integers or strings"
    default: "the column holds integer codes"
    }
  }
}
