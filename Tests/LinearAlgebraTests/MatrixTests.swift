import LinearAlgebra
import Testing

@Suite struct MatrixTests {
  @Test func `A product matches hand computation`() {
    let left = Matrix([[1, 2, 3], [4, 5, 6]])
    let right = Matrix([[7, 8], [9, 10], [11, 12]])
    #expect(left * right == Matrix([[58, 64], [139, 154]]))
    #expect(left * [1, 0, -1] == [-2, -2])
  }

  @Test func `A product with an empty inner dimension is zero`() {
    #expect(Matrix(rows: 2, columns: 0) * Matrix(rows: 0, columns: 3) == Matrix(rows: 2, columns: 3))
  }

  @Test func `A transpose swaps subscripts`() {
    let matrix = Matrix([[1, 2, 3], [4, 5, 6]])
    #expect(matrix.transposed == Matrix([[1, 4], [2, 5], [3, 6]]))
    #expect(matrix.transposed.transposed == matrix)
    #expect(Array(matrix[row: 1]) == [4, 5, 6])
  }

  @Test func `Sums, differences and multiples are entry by entry`() {
    let matrix = Matrix([[1, -2], [3, 4]])
    #expect(matrix + matrix == 2 * matrix)
    #expect(matrix - matrix == Matrix(rows: 2, columns: 2))
    #expect(matrix.largestMagnitude == 4)
    #expect(matrix.diagonal == [1, 4])
    #expect(Matrix.identity(2) * matrix == matrix)
  }

  @Test func `The packed triangle is the upper one by rows`() {
    let matrix = Matrix([[1, 2, 3], [2, 4, 5], [3, 5, 6]])
    #expect(matrix.packedTriangle == [1, 2, 3, 4, 5, 6])
    #expect(Matrix(packedTriangle: [1, 2, 3, 4, 5, 6], order: 3) == matrix)
    for order in 0...5 {
      let indices = (0..<order).flatMap { i in (i..<order).map { PackedTriangle.index(i, $0, order: order) } }
      #expect(indices == Array(0..<PackedTriangle.count(order: order)))
    }
  }
}
