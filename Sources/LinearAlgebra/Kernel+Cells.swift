import CKernels

extension Kernel {
  /// A column of whole numbers from 0 on, a stride of which is its part in the number of a row's cell.
  public struct Place {
    fileprivate let native: giv_place

    /// - Parameter values: 64-byte aligned, padded to a multiple of ``lanes``.
    public init(_ values: UnsafePointer<Double>, stride: Int32) {
      native = giv_place(values: values, stride: stride)
    }
  }

  /// Adds to three numbers of every row's cell, row after row, w, w v and w v², v = (value - center) · factor.
  ///
  /// - Parameters:
  ///   - cells: the numbers of the rows' cells but for `places`, which are added; padded to a multiple of ``lanes``.
  ///   - weights: one per row, or `nil` for 1.
  ///   - sums: those of cell c from 3 c on.
  public static func addToCells(
    _ cells: inout [Int32], and places: [Place], values: UnsafePointer<Double>, center: Double, factor: Double,
    weights: UnsafePointer<Double>?, rowCount: Int, sums: UnsafeMutablePointer<Double>
  ) {
    precondition(cells.count >= paddedCount(rowCount))
    giv_add_to_cells(
      places.map(\.native), places.count, &cells, values, center, factor, weights, rowCount, sums)
  }

  /// Adds to the number of every row's cell a stride times its code.
  ///
  /// - Parameter codes: whole numbers from 0 on, one per row.
  public static func addCodes(
    _ codes: UnsafePointer<Int64>, stride: Int32, rowCount: Int, to cells: inout [Int32]
  ) {
    precondition(cells.count >= rowCount)
    giv_add_codes(codes, stride, rowCount, &cells)
  }
}
