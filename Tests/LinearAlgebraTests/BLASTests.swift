import LinearAlgebra
import Testing

/// OpenBLAS as the yardstick of what is computed without it.
@Suite struct BLASTests {
  @Test func `One thread is left, and the library names itself`() {
    BLAS.pinThreads()
    #expect(BLAS.threads == 1)
    #expect(BLAS.description.hasPrefix("OpenBLAS"))
  }

  @Test(arguments: [(1, 1, 1), (5, 7, 3), (33, 8, 65), (130, 200, 41), (300, 257, 300)])
  func `Products and Gram matrices are those of OpenBLAS to rounding`(rows: Int, inner: Int, columns: Int) {
    let left = DenseOracle.random(rows, inner, seed: 15)
    let right = DenseOracle.random(inner, columns, seed: 16)
    let tolerance = 1e-14 * Double(inner)
    #expect((left * right - BLAS.product(left, right)).largestMagnitude < tolerance)
    #expect((right.gram - BLAS.product(right.transposed, right)).largestMagnitude < tolerance)
    #expect(right.gram == right.gram.transposed)
  }
}
