/// The upper triangle of a symmetric matrix, row after row: (0,0), (0,1) … (0,p-1), (1,1) … (p-1,p-1).
///
/// The layout in which sums of products cc' are accumulated and reduced: half the numbers of the full matrix.
public enum PackedTriangle {
  /// The number of entries of a triangle of this order, p (p + 1) / 2.
  public static func count(order: Int) -> Int { order * (order + 1) / 2 }

  /// Where entry (row, column) lies.
  ///
  /// - Precondition: `row <= column < order`.
  public static func index(_ row: Int, _ column: Int, order: Int) -> Int {
    row * (2 * order - row - 1) / 2 + column
  }
}

extension Matrix {
  /// The symmetric matrix [order, order] whose upper triangle is `packed`, by rows.
  ///
  /// - Precondition: `packed.count == order * (order + 1) / 2`.
  public init(packedTriangle packed: some Sequence<Double>, order: Int) {
    self.init(rows: order, columns: order)
    let entries = Array(packed)
    precondition(entries.count == PackedTriangle.count(order: order), "a packed triangle has p (p + 1) / 2 entries")
    var next = 0
    for i in 0..<order {
      for j in i..<order {
        values[i * order + j] = entries[next]
        values[j * order + i] = entries[next]
        next += 1
      }
    }
  }

  /// The upper triangle by rows; the lower one is not looked at.
  public var packedTriangle: [Double] {
    precondition(isSquare, "a packed triangle is of a square matrix")
    return (0..<rows).flatMap { self[row: $0].dropFirst($0) }
  }
}
