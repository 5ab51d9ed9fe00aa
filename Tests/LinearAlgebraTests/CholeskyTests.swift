import Foundation
import LinearAlgebra
import Testing

@Suite struct CholeskyTests {
  /// Random cross-products G G' / columns + small ridge, with rows scaled over twelve orders of magnitude on request.
  static func positiveDefinite(_ order: Int, seed: UInt64, scaled: Bool = false) -> Matrix {
    let random = CounterRandom(seed: seed, stream: .test)
    var factor = Matrix(rows: order, columns: 2 * order)
    for i in 0..<order {
      let scale = scaled ? pow(10, Double(i % 13) - 6) : 1
      for j in 0..<factor.columns { factor[i, j] = scale * random.normal(row: i, draw: j) }
    }
    return (1 / Double(2 * order)) * (factor * factor.transposed)
  }

  @Test(arguments: [1, 2, 5, 33, 130])
  func `The factor times its transpose is the matrix`(order: Int) throws {
    let matrix = Self.positiveDefinite(order, seed: 1)
    let factor = try Cholesky(matrix)
    #expect((factor.lower * factor.lower.transposed - matrix).largestMagnitude < 1e-12)
    for i in 0..<order { #expect(factor.lower[row: i].dropFirst(i + 1).allSatisfy { $0 == 0 }) }
  }

  @Test(arguments: [1, 5, 33])
  func `Solutions and inverses solve and invert, column by column`(order: Int) throws {
    let matrix = Self.positiveDefinite(order, seed: 2)
    let factor = try Cholesky(matrix)
    let right = Matrix(rows: order, columns: 2, values: (0..<2 * order).map { Double($0) - 3 })
    #expect((matrix * factor.solve(right) - right).largestMagnitude < 1e-11)
    let alone = factor.solve(Array(right.transposed[row: 0]))
    #expect(alone == Array(factor.solve(right).transposed[row: 0]))
    #expect((matrix * factor.inverse - .identity(order)).largestMagnitude < 1e-12)
    #expect(factor.inverse == factor.inverse.transposed)
    #expect((factor.inverseLower * factor.lower - .identity(order)).largestMagnitude < 1e-12)
  }

  @Test func `It agrees with the closed form of order two`() throws {
    let factor = try Cholesky(Matrix([[4, 2], [2, 10]]))
    #expect(factor.lower == Matrix([[2, 0], [1, 3]]))
    #expect(abs(factor.logDeterminant - log(36)) < 1e-14)
  }

  @Test func `The log determinant is that of the eigenvalues`() throws {
    let matrix = Self.positiveDefinite(20, seed: 3)
    let eigenvalues = try SymmetricEigen(matrix).values
    let expected = eigenvalues.reduce(0) { $0 + log($1) }
    #expect(abs(try Cholesky(matrix).logDeterminant - expected) < 1e-11)
  }

  @Test func `Units do not make a matrix deficient`() throws {
    let matrix = Self.positiveDefinite(13, seed: 4, scaled: true)
    let factor = try Cholesky(matrix)
    let product = factor.lower * factor.lower.transposed
    for (computed, entry) in zip(product.values, matrix.values) {
      #expect(abs(computed - entry) <= 1e-12 * abs(entry) || abs(computed - entry) < 1e-12 * matrix.largestMagnitude)
    }
  }

  /// Column 3 is made from columns 0 and 2, in units that differ by eight orders of magnitude.
  @Test(arguments: [1e-8, 1, 1e8])
  func `The first dependent column is named`(unit: Double) {
    let random = CounterRandom(seed: 5, stream: .test)
    var data = Matrix(rows: 6, columns: 200)
    for j in 0..<data.columns {
      for i in 0..<6 { data[i, j] = random.normal(row: j, draw: i) }
      data[3, j] = unit * (data[0, j] - 2 * data[2, j])
    }
    let error = #expect(throws: NotPositiveDefinite.self) { try Cholesky(data * data.transposed) }
    #expect(error?.column == 3)
    #expect(abs(error?.pivot ?? 1) < 1e-13)
  }

  @Test func `What is not positive definite is refused`() {
    let indefinite = #expect(throws: NotPositiveDefinite.self) { try Cholesky(Matrix([[1, 2], [2, 1]])) }
    #expect(indefinite == NotPositiveDefinite(column: 1, pivot: -3))
    let zero = #expect(throws: NotPositiveDefinite.self) { try Cholesky(Matrix([[1, 0], [0, 0]])) }
    #expect(zero == NotPositiveDefinite(column: 1, pivot: 0))
    let notFinite = #expect(throws: NotPositiveDefinite.self) {
      try Cholesky(Matrix([[1, 0, 0], [.nan, 1, 0], [0, 0, 1]]))
    }
    #expect(notFinite?.column == 1)
  }
}
