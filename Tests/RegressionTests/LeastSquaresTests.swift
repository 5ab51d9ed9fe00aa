import LinearAlgebra
import Regression
import TestSupport
import Testing

@Suite struct LeastSquaresTests {
  let fixture = RegressionFixture.shared

  @Test(arguments: [false, true])
  func `Coefficients, R² and classical covariance are those of statsmodels`(isWeighted: Bool) throws {
    let expected = isWeighted ? fixture.weighted : fixture.leastSquares
    var gram = fixture.columns.gram(weights: isWeighted ? fixture.weights : nil)
    let total = gram[0, 0]
    // statsmodels divides by the number of rows: the weights are scaled to mean 1.
    gram = (Double(fixture.c.count) / total) * gram
    let fit = try fixture.leastSquares(gram)
    #expect(distance(fit.coefficients, expected.coefficients) < 1e-12)
    #expect(abs(fit.rSquared - expected.rSquared!) < 1e-12)
    #expect(abs(fit.residualSquares * total / Double(fixture.c.count) / expected.residualSquares - 1) < 1e-11)
    #expect(relativeDistance(fit.classicalCovariance(.degreesOfFreedom), expected.classical) < 1e-9)
    let ratio = fit.residualVariance(.rows) / fit.residualVariance(.degreesOfFreedom)
    #expect(abs(ratio - Double(fixture.c.count - 5) / Double(fixture.c.count)) < 1e-14)
  }

  @Test func `A rescaled column has a rescaled coefficient and the others stay`() throws {
    let fit = try fixture.leastSquares(fixture.gram)
    let scaled = try fixture.leastSquares(fixture.columns.replacing(3) { value, _ in 1e6 * value }.gram())
    var expected = fit.coefficients
    expected[3] /= 1e6
    for (value, other) in zip(scaled.coefficients, expected) { #expect(abs(value / other - 1) < 1e-11) }
    #expect(abs(scaled.residualSquares / fit.residualSquares - 1) < 1e-11)
  }

  @Test func `Permuted regressors have permuted coefficients`() throws {
    let fit = try fixture.leastSquares(fixture.gram)
    let order = [3, 0, 4, 2, 1]
    let permuted = try LeastSquares(fixture.gram, regressors: order, response: 8)
    #expect(distance(permuted.coefficients, order.map { fit.coefficients[$0] }) < 1e-12)
    #expect(abs(permuted.rSquared - fit.rSquared) < 1e-12)
  }

  @Test func `A shifted regressor changes the constant only`() throws {
    let fit = try fixture.leastSquares(fixture.gram)
    let shifted = try fixture.leastSquares(fixture.columns.replacing(1) { value, _ in value + 7 }.gram())
    #expect(distance(shifted.coefficients.dropFirst(), fit.coefficients.dropFirst()) < 1e-11)
    #expect(abs(shifted.coefficients[0] - (fit.coefficients[0] - 7 * fit.coefficients[1])) < 1e-10)
  }

  @Test func `A wholly explained response leaves residual squares that are not negative`() throws {
    let exact = fixture.columns.replacing(8) { _, i in 3 - fixture.c[i][1] / 3 + 1e3 * fixture.c[i][4] }.gram()
    let fit = try fixture.leastSquares(exact)
    #expect(fit.residualSquares >= 0 && fit.residualSquares < 1e-9 * exact[8, 8])
    #expect(distance(fit.coefficients, [3, -1.0 / 3, 0, 0, 1e3]) < 1e-11)
  }

  @Test func `Without a constant R² is about zero`() throws {
    let fit = try LeastSquares(fixture.gram, regressors: [3], response: 8)
    let (xx, xy, yy) = (fixture.gram[3, 3], fixture.gram[3, 8], fixture.gram[8, 8])
    #expect(abs(fit.rSquared - xy * xy / (xx * yy)) < 1e-12)
  }

  @Test func `A dependent column is named`() {
    let gram = fixture.columns.replacing(4) { _, i in 2 * fixture.c[i][1] - 1 }.gram()
    #expect(throws: NotPositiveDefinite.self) { try fixture.leastSquares(gram) }
    do { _ = try LeastSquares(gram, regressors: [0, 1, 3, 4], response: 8) } catch { #expect(error.column == 4) }
  }
}
