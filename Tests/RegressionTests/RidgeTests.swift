import Regression
import TestSupport
import Testing

@Suite struct RidgeTests {
  let fixture = RegressionFixture.shared
  let slopes = Array(RegressionFixture.regressors.dropFirst())

  @Test(arguments: RegressionFixture.shared.ridge.indices)
  func `Constant, slopes and error are those of scikit-learn`(index: Int) throws {
    let expected = fixture.ridge[index]
    let fit = try Ridge(fixture.gram, regressors: slopes, response: 8, penalty: expected.penalty)
    #expect(distance(fit.coefficients, [expected.constant] + expected.slopes) < 1e-12)
    let equations = NormalEquations(fixture.gram, regressors: RegressionFixture.regressors, response: 8)
    let error = equations.residualSquares(of: fit.coefficients) / Double(fixture.c.count)
    #expect(abs(error / expected.meanSquaredError - 1) < 1e-12)
  }

  @Test func `No penalty is least squares and a large one leaves the mean`() throws {
    let free = try Ridge(fixture.gram, regressors: slopes, response: 8, penalty: 0)
    #expect(distance(free.coefficients, try fixture.leastSquares(fixture.gram).coefficients) < 1e-11)
    let held = try Ridge(fixture.gram, regressors: slopes, response: 8, penalty: 1e15)
    #expect(held.slopes.allSatisfy { abs($0) < 1e-11 })
    #expect(abs(held.constant - fixture.gram[0, 8] / fixture.gram[0, 0]) < 1e-11)
  }

  @Test func `Dependent columns share what a penalty gives them, and none without it`() throws {
    let twins = fixture.columns.replacing(4) { _, i in fixture.c[i][3] }.gram()
    let fit = try Ridge(twins, regressors: [3, 4], response: 8, penalty: 2)
    // Twice the column at half the coefficient has half the penalty.
    let single = try Ridge(twins, regressors: [3], response: 8, penalty: 1)
    #expect(abs(fit.slopes[0] - single.slopes[0] / 2) < 1e-12 && abs(fit.slopes[1] - single.slopes[0] / 2) < 1e-12)
  }
}
