import LinearAlgebra
import Regression
import Statistics
import Testing

@Suite struct WaldTests {
  let fixture = RegressionFixture.shared.wald

  @Test func `A singular covariance has its rank as degrees of freedom`() throws {
    let test = try #require(ChiSquareTest(fixture.difference, covariance: Matrix(fixture.covariance)))
    #expect(test.degreesOfFreedom == fixture.degreesOfFreedom)
    #expect(abs(test.statistic / fixture.statistic - 1) < 1e-12)
    #expect(abs(test.pValue / fixture.pValue - 1) < 1e-12)
  }

  @Test func `Units do not change the test`() throws {
    let scale = [1e-7, 3, 4e8]
    var covariance = Matrix(fixture.covariance)
    for i in 0..<3 { for j in 0..<3 { covariance[i, j] *= scale[i] * scale[j] } }
    let test = try #require(
      ChiSquareTest(zip(fixture.difference, scale).map { $0 * $1 }, covariance: covariance))
    #expect(test.degreesOfFreedom == 2)
    #expect(abs(test.statistic / fixture.statistic - 1) < 1e-11)
  }

  @Test func `A regular covariance gives the quadratic form of its inverse`() throws {
    let covariance = Matrix([[4, 1, 0], [1, 3, -1], [0, -1, 2]])
    let difference = [1.0, -2, 0.5]
    let expected = zip(difference, try Cholesky(covariance).solve(difference)).reduce(0) { $0 + $1.0 * $1.1 }
    let test = try #require(ChiSquareTest(difference, covariance: covariance))
    #expect(abs(test.statistic - expected) < 1e-13)
    #expect(test.degreesOfFreedom == 3)
  }

  @Test func `A direction without variance is left out`() throws {
    let test = try #require(ChiSquareTest([3, 5], covariance: Matrix(diagonal: [9, 0])))
    #expect(test == ChiSquareTest(statistic: 1, degreesOfFreedom: 1))
  }

  @Test func `There is no test without a covariance`() {
    #expect(ChiSquareTest([], covariance: Matrix(rows: 0, columns: 0)) == nil)
    #expect(ChiSquareTest([1, 2], covariance: Matrix(rows: 2, columns: 2)) == nil)
    #expect(ChiSquareTest([1], covariance: Matrix([[.nan]])) == nil)
    #expect(ChiSquareTest([.infinity], covariance: Matrix([[1]])) == nil)
    #expect(ChiSquareTest([1, 1], covariance: Matrix([[1, 2], [2, 1]])) == nil)
  }
}
