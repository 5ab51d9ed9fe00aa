import CKernels

/// A small dense matrix of doubles, row-major [rows, columns].
///
/// Made for parameters and cross-products (tens to hundreds of columns), not for data.
public struct Matrix: Sendable, Equatable {
  public let rows: Int
  public let columns: Int
  /// The entries, row after row.
  public var values: [Double]

  public init(rows: Int, columns: Int, repeating value: Double = 0) {
    self.init(rows: rows, columns: columns, values: Array(repeating: value, count: rows * columns))
  }

  /// - Precondition: `values.count == rows * columns`, row after row.
  public init(rows: Int, columns: Int, values: [Double]) {
    precondition(rows >= 0 && columns >= 0 && values.count == rows * columns, "a matrix has rows * columns values")
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  /// - Precondition: all rows have the same length.
  public init(_ rows: [[Double]]) {
    self.init(rows: rows.count, columns: rows.first?.count ?? 0, values: rows.flatMap { $0 })
  }

  /// The matrix with `diagonal` on its diagonal and zeros elsewhere.
  public init(diagonal: [Double]) {
    self.init(rows: diagonal.count, columns: diagonal.count)
    for (i, value) in diagonal.enumerated() { self[i, i] = value }
  }

  /// The identity [order, order].
  public static func identity(_ order: Int) -> Matrix {
    Matrix(diagonal: Array(repeating: 1, count: order))
  }

  @inlinable public subscript(row: Int, column: Int) -> Double {
    get { values[index(row, column)] }
    set { values[index(row, column)] = newValue }
  }

  /// A row's entries.
  public subscript(row row: Int) -> ArraySlice<Double> {
    values[row * columns..<(row + 1) * columns]
  }

  @inlinable func index(_ row: Int, _ column: Int) -> Int {
    precondition(row >= 0 && row < rows && column >= 0 && column < columns, "matrix index out of range")
    return row * columns + column
  }

  public var isSquare: Bool { rows == columns }

  /// The entries (i, i).
  public var diagonal: [Double] {
    (0..<min(rows, columns)).map { self[$0, $0] }
  }

  public var transposed: Matrix {
    var result = Matrix(rows: columns, columns: rows)
    giv_transpose(rows, columns, values, &result.values)
    return result
  }

  /// The largest absolute entry; zero when empty.
  public var largestMagnitude: Double {
    values.reduce(0) { max($0, abs($1)) }
  }
}

// MARK: - Arithmetic

extension Matrix {
  /// The matrix product; every entry is one sum in the order of the inner index, the same on every machine.
  public static func * (left: Matrix, right: Matrix) -> Matrix {
    precondition(left.columns == right.rows, "inner dimensions of a product must agree")
    var result = Matrix(rows: left.rows, columns: right.columns)
    left.values.withUnsafeBufferPointer { a in
      right.values.withUnsafeBufferPointer { b in
        giv_product(
          left.rows, right.columns, left.columns,
          giv_entries(values: a.baseAddress, row_step: left.columns, column_step: 1),
          giv_entries(values: b.baseAddress, row_step: right.columns, column_step: 1), &result.values)
      }
    }
    return result
  }

  /// A'A, symmetric to the last bit, at half the operations of a product.
  public var gram: Matrix {
    var result = Matrix(rows: columns, columns: columns)
    giv_gram(rows, columns, values, &result.values)
    return result
  }

  /// The product with a column vector.
  public static func * (left: Matrix, right: [Double]) -> [Double] {
    (left * Matrix(rows: right.count, columns: 1, values: right)).values
  }

  public static func * (scale: Double, matrix: Matrix) -> Matrix {
    Matrix(rows: matrix.rows, columns: matrix.columns, values: matrix.values.map { scale * $0 })
  }

  public static func + (left: Matrix, right: Matrix) -> Matrix {
    left.combined(with: right, +)
  }

  public static func - (left: Matrix, right: Matrix) -> Matrix {
    left.combined(with: right, -)
  }

  private func combined(with other: Matrix, _ operation: (Double, Double) -> Double) -> Matrix {
    precondition(rows == other.rows && columns == other.columns, "shapes of a sum must agree")
    return Matrix(rows: rows, columns: columns, values: zip(values, other.values).map(operation))
  }
}

// MARK: - Blocks

extension Matrix {
  /// The entries of some rows and columns.
  public func selecting(rows: [Int], columns: [Int]) -> Matrix {
    var result = Matrix(rows: rows.count, columns: columns.count)
    for (a, i) in rows.enumerated() { for (b, j) in columns.enumerated() { result[a, b] = self[i, j] } }
    return result
  }
}
