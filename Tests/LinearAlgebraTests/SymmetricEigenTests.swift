import Diagnostics
import Foundation
import LinearAlgebra
import Testing

@Suite struct SymmetricEigenTests {
  @Test func agreesWithTheClosedFormOfOrderTwo() throws {
    let eigen = try SymmetricEigen(Matrix([[2, 1], [1, 2]]))
    #expect(abs(eigen.values[0] - 1) < 1e-14 && abs(eigen.values[1] - 3) < 1e-14)
    let half = 0.5.squareRoot()
    #expect(abs(eigen.vectors[0, 1] - half) < 1e-14 && abs(eigen.vectors[1, 1] - half) < 1e-14)
    #expect(abs(eigen.vectors[0, 0] + eigen.vectors[1, 0]) < 1e-14)
  }

  /// The second-difference matrix has eigenvalues 2 - 2 cos(π k / (n + 1)).
  @Test func knowsTheSpectrumOfTheSecondDifference() throws {
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

  @Test(arguments: [1, 7, 60])
  func vectorsAreOrthonormalAndRebuildTheMatrix(order: Int) throws {
    let matrix = CholeskyTests.positiveDefinite(order, seed: 6)
    let eigen = try SymmetricEigen(matrix)
    let rebuilt = eigen.vectors * Matrix(diagonal: eigen.values) * eigen.vectors.transposed
    #expect((rebuilt - matrix).largestMagnitude < 1e-12)
    #expect((eigen.vectors.transposed * eigen.vectors - .identity(order)).largestMagnitude < 1e-12)
    #expect(eigen.values == eigen.values.sorted())
  }

  @Test func refusesEntriesThatAreNotFinite() {
    #expect(throws: Failure.self) { try SymmetricEigen(Matrix([[1, .nan], [.nan, 1]])) }
  }
}
