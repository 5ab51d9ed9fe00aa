import LinearAlgebra
import Testing

extension KernelTests {
  /// Linear algebra in every instruction set.
  @Suite struct Dense {
    /// Orders about the widths of tiles, panels and blocks.
    static let orders = [1, 2, 5, 8, 9, 31, 33, 48, 65, 97]

    /// All that is computed from random matrices of one order, with the extremes of the range for scales.
    private static func results(order: Int) throws -> [[Double]] {
      let random = CounterRandom(seed: UInt64(order), stream: .test)
      var data = Matrix(rows: 2 * order + 3, columns: order)
      for i in 0..<data.rows {
        for j in 0..<order { data[i, j] = random.normal(row: i, draw: j) * (j % 3 == 0 ? 1e-3 : 1) }
      }
      let gram = data.gram
      let factor = try Cholesky(gram)
      let eigen = try SymmetricEigen(gram)
      let qr = try QRDecomposition(data)
      let singular = try SingularValues(data)
      let matrices = [
        data * data.transposed, gram, factor.lower, factor.inverse, factor.inverseLower, factor.solve(data.transposed),
        eigen.vectors, qr.orthogonal, qr.upper, singular.left, singular.right, singular.pseudoInverse(),
      ]
      let dependent = gram.dependentColumns(inOrder: 0..<order, tolerance: 0.9)
      return matrices.map(\.values)
        + [eigen.values, singular.values, qr.permutation.map(Double.init), dependent.map(Double.init)]
    }

    @Test(arguments: orders) func `Every decomposition has the same bits in every instruction set`(order: Int) throws {
      defer { try? Kernel.select(nil) }
      try Kernel.select("portable")
      let expected = try Self.results(order: order)
      for kernel in KernelProblem.kernels {
        try Kernel.select(kernel)
        #expect(try Self.results(order: order) == expected, "\(kernel)")
      }
    }

    /// Σ_k a_ik b_kj by one fused multiply-add after the other, and the factor's entries likewise.
    @Test(arguments: KernelProblem.kernels) func `An entry is one sum in the order of its index`(kernel: String) throws
    {
      defer { try? Kernel.select(nil) }
      try Kernel.select(kernel)
      let matrix = CholeskyTests.positiveDefinite(45, seed: 3)
      var product = matrix
      for i in 0..<45 {
        for j in 0..<45 { product[i, j] = (0..<45).reduce(0) { $0.addingProduct(matrix[i, $1], matrix[$1, j]) } }
      }
      #expect(matrix * matrix == product)

      let lower = try Cholesky(matrix).lower
      let right = matrix[row: 7].map { $0 - 1 }
      var solution = right
      for i in 0..<45 {
        for k in 0..<i { solution[i].addProduct(-lower[i, k], solution[k]) }
        solution[i] /= lower[i, i]
      }
      for i in (0..<45).reversed() {
        for k in (i + 1..<45).reversed() { solution[i].addProduct(-lower[k, i], solution[k]) }
        solution[i] /= lower[i, i]
      }
      #expect(try Cholesky(matrix).solve(right) == solution)
    }
  }
}
