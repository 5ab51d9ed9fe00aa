import Diagnostics
import LinearAlgebra
import TestSupport
import Testing

@Suite struct SingularValuesTests {
  @Test func `Values, ranks and pseudo-inverses are those of numpy`() throws {
    for entry in try DenseOracle.load().matrices {
      let singular = try SingularValues(Matrix(entry.matrix))
      #expect(distance(singular.values, entry.singularValues) < 1e-14, "\(entry.name)")
      #expect(singular.rank() == entry.rank, "\(entry.name)")
      let inverse = singular.pseudoInverse()
      #expect(distance(inverse.values, Array(entry.pseudoInverse.joined())) < 1e-12, "\(entry.name)")
    }
  }

  @Test(arguments: [(1, 1), (12, 5), (5, 12), (60, 60), (130, 40)])
  func `Vectors are orthonormal and rebuild the matrix`(rows: Int, columns: Int) throws {
    try expectDecomposition(of: DenseOracle.random(rows, columns, seed: 8))
  }

  @Test func `So they are where singular values are zero`() throws {
    let low = DenseOracle.random(9, 2, seed: 9) * DenseOracle.random(2, 6, seed: 10)
    try expectDecomposition(of: low)
    try expectDecomposition(of: Matrix(rows: 5, columns: 3))
    // A column of zeros leaves an exact zero.
    var matrix = DenseOracle.random(8, 4, seed: 11)
    for i in 0..<8 { matrix[i, 2] = 0 }
    try expectDecomposition(of: matrix)
    #expect(try SingularValues(matrix).values[3] == 0)
  }

  private func expectDecomposition(of matrix: Matrix) throws {
    let singular = try SingularValues(matrix)
    let count = min(matrix.rows, matrix.columns)
    #expect((singular.left.gram - .identity(count)).largestMagnitude < 1e-13)
    #expect((singular.right.gram - .identity(count)).largestMagnitude < 1e-13)
    let rebuilt = singular.left * Matrix(diagonal: singular.values) * singular.right.transposed
    #expect((rebuilt - matrix).largestMagnitude < 1e-13 * max(1, singular.values[0]))
    #expect(singular.values == singular.values.sorted(by: >))
  }

  /// The columns of this matrix differ in scale by 10⁻⁸ each, which an eigenvalue of A'A could not tell from 0.
  @Test func `Small singular values of scaled columns keep their digits`() throws {
    let orthogonal = try QRDecomposition(DenseOracle.random(20, 4, seed: 12)).orthogonal
    let scales = [1, 1e-8, 1e-16, 1e-24]
    let values = try SingularValues(orthogonal * Matrix(diagonal: scales)).values
    for (value, scale) in zip(values, scales) { #expect(abs(value / scale - 1) < 1e-14) }
  }

  /// The triangular factor of a matrix whose rows rounding turned to and fro for ever.
  @Test func `Rotations end where rounding keeps rows from being orthogonal`() throws {
    try expectDecomposition(
      of: Matrix([
        [-0x1.1b9cd4dadd204p+1, -0x1.33cb042f95153p+0, -0x1.ec8d00b8f606fp-1, -0x1.c72fbbb3d9b2bp-1],
        [0, -0x1.1c296f9d726ffp+0, -0x1.68e031c0a89c2p-2, -0x1.35c200c769ec7p-2],
        [0, 0, 0x1.a353f95c0457ap-1, 0x1.d168f0a639b3fp-4],
        [0, 0, 0, 0x1.09a6563550778p-6],
      ]))
  }

  @Test func `Entries that are not finite are refused`() {
    #expect(throws: Failure.self) { try SingularValues(Matrix([[1, .nan]])) }
  }
}
