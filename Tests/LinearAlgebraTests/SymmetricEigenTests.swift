import Diagnostics
import Foundation
import LinearAlgebra
import TestSupport
import Testing

@Suite struct SymmetricEigenTests {
  @Test func `It agrees with the closed form of order two`() throws {
    let eigen = try SymmetricEigen(Matrix([[2, 1], [1, 2]]))
    #expect(abs(eigen.values[0] - 1) < 1e-14 && abs(eigen.values[1] - 3) < 1e-14)
    let half = 0.5.squareRoot()
    #expect(abs(eigen.vectors[0, 1] - half) < 1e-14 && abs(eigen.vectors[1, 1] - half) < 1e-14)
    #expect(abs(eigen.vectors[0, 0] + eigen.vectors[1, 0]) < 1e-14)
  }

  /// The second-difference matrix has eigenvalues 2 - 2 cos(π k / (n + 1)).
  @Test func `The spectrum of the second difference is 2 - 2 cos(πk / (n + 1))`() throws {
    let order = 30
    var matrix = 2 * Matrix.identity(order)
    for i in 1..<order {
      matrix[i, i - 1] = -1
      matrix[i - 1, i] = -1
    }
    let eigen = try SymmetricEigen(matrix)
    for (k, value) in eigen.values.enumerated() {
      #expect(abs(value - (2 - 2 * cos(.pi * Double(k + 1) / Double(order + 1)))) < 1e-13)
    }
  }

  @Test func `Eigenvalues are those of numpy`() throws {
    for entry in try DenseOracle.load().symmetric {
      let eigen = try SymmetricEigen(Matrix(entry.matrix))
      let largest = entry.eigenvalues.reduce(0) { max($0, $1.magnitude) }
      #expect(
        distance(eigen.values.map { $0 / largest }, entry.eigenvalues.map { $0 / largest }) < 1e-14, "\(entry.name)")
    }
  }

  @Test func `Only the lower triangle is read, and a matrix of order zero has no eigenvalues`() throws {
    let lower = try SymmetricEigen(Matrix([[2, 9, 9], [1, 3, 9], [0, -1, 1]]))
    let whole = try SymmetricEigen(Matrix([[2, 1, 0], [1, 3, -1], [0, -1, 1]]))
    #expect(lower.values == whole.values && lower.vectors == whole.vectors)
    #expect(try SymmetricEigen(Matrix(rows: 0, columns: 0)).values.isEmpty)
  }

  /// A Gaussian kernel at half of its points: the Gram matrix has half the rank, and what is left of the rest is rounding.
  @Test(arguments: [40, 60, 100, 200])
  func `A matrix of half the rank has eigenvalues that are zero beside the largest`(order: Int) throws {
    var kernel = Matrix(rows: order / 2, columns: order)
    for i in 0..<order / 2 {
      for j in 0..<order {
        let distance = 2 * Double(i - j) / Double(order - 1) / 0.05
        kernel[i, j] = Elementary.exp(-distance * distance / 2)
      }
    }
    let eigen = try SymmetricEigen(kernel.gram)
    let largest = eigen.values[order - 1]
    for value in eigen.values[..<(order / 2)] { #expect(abs(value) < 1e-13 * largest) }
    let rebuilt = eigen.vectors * Matrix(diagonal: eigen.values) * eigen.vectors.transposed
    #expect((rebuilt - kernel.gram).largestMagnitude < 1e-13 * largest)
    #expect((eigen.vectors.gram - .identity(order)).largestMagnitude < 1e-12)
  }

  @Test(arguments: [1, 7, 60, 200])
  func `Vectors are orthonormal and rebuild the matrix`(order: Int) throws {
    let matrix = CholeskyTests.positiveDefinite(order, seed: 6)
    let eigen = try SymmetricEigen(matrix)
    let rebuilt = eigen.vectors * Matrix(diagonal: eigen.values) * eigen.vectors.transposed
    #expect((rebuilt - matrix).largestMagnitude < 1e-12)
    #expect((eigen.vectors.transposed * eigen.vectors - .identity(order)).largestMagnitude < 1e-12)
    #expect(eigen.values == eigen.values.sorted())
  }

  @Test func `Entries that are not finite are refused`() {
    #expect(throws: Failure.self) { try SymmetricEigen(Matrix([[1, .nan], [.nan, 1]])) }
  }
}
