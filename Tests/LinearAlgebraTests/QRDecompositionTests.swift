import Diagnostics
import LinearAlgebra
import TestSupport
import Testing

@Suite struct QRDecompositionTests {
  @Test func `Without pivoting, R is that of numpy up to the signs of its rows`() throws {
    for entry in try DenseOracle.load().matrices {
      let qr = try QRDecomposition(Matrix(entry.matrix), pivoting: false)
      #expect(qr.permutation == Array(0..<qr.upper.columns))
      let magnitudes = (0..<qr.upper.rows).map { qr.upper[row: $0].map(\.magnitude) }
      // Beyond the rank R is rounding alone.
      #expect(distance(Array(magnitudes.prefix(entry.rank)), Array(entry.absoluteUpper.prefix(entry.rank))) < 1e-13)
    }
  }

  @Test(arguments: [(1, 1), (3, 8), (8, 3), (40, 40), (150, 70), (70, 150)])
  func `Q is orthonormal, R triangular with a falling diagonal, and Q R the permuted matrix`(
    rows: Int, columns: Int
  ) throws {
    let matrix = DenseOracle.random(rows, columns, seed: 7)
    let qr = try QRDecomposition(matrix)
    let count = min(rows, columns)
    #expect((qr.orthogonal.gram - .identity(count)).largestMagnitude < 1e-14)
    let permuted = matrix.selecting(rows: Array(0..<rows), columns: qr.permutation)
    #expect((qr.orthogonal * qr.upper - permuted).largestMagnitude < 2e-14)
    for i in 0..<count { #expect(qr.upper[row: i].prefix(i).allSatisfy { $0 == 0 }) }
    let diagonal = qr.upper.diagonal.map(\.magnitude)
    #expect(zip(diagonal, diagonal.dropFirst()).allSatisfy { $0 >= $1 * (1 - 1e-14) })
    #expect(qr.permutation.sorted() == Array(0..<columns))
  }

  @Test func `The greatest column comes first, the first of equals`() throws {
    let qr = try QRDecomposition(Matrix([[0, 3, 0, 3], [1, 0, 0, 0], [0, 0, 2, 0]]))
    #expect(qr.permutation.prefix(3) == [1, 2, 0])
  }

  @Test func `Entries that are not finite are refused, and huge ones are not`() throws {
    #expect(throws: Failure.self) { try QRDecomposition(Matrix([[1, .infinity]])) }
    let upper = try QRDecomposition(Matrix([[3e200], [4e200]])).upper
    #expect(abs(upper[0, 0].magnitude / 5e200 - 1) < 1e-15)
  }
}
