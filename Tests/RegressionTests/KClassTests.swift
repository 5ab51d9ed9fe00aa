import LinearAlgebra
import Regression
import TestSupport
import Testing

@Suite struct KClassTests {
  let fixture = RegressionFixture.shared

  static let members: [(String, KClassEstimator)] = [
    ("2SLS", .twoStage), ("LIML", .limitedInformation), ("Fuller", .fuller(4)), ("k", .fixed(0.6)),
  ]

  private func expected(_ name: String) -> RegressionFixture.Fit {
    ["2SLS": fixture.twoStage, "LIML": fixture.limitedInformation, "Fuller": fixture.fuller, "k": fixture.fixed][name]!
  }

  @Test(arguments: members)
  func `Coefficients, k and classical covariance are those of linearmodels`(
    name: String, estimator: KClassEstimator
  ) throws {
    let (fit, expected) = (try fixture.kClass(estimator), expected(name))
    #expect(abs(fit.k - expected.k!) < 1e-11)
    #expect(distance(fit.coefficients, expected.coefficients) < 1e-11)
    #expect(abs(fit.residualSquares / expected.residualSquares - 1) < 1e-10)
    #expect(relativeDistance(fit.classicalCovariance(.rows), expected.classical) < 1e-8)
  }

  @Test(arguments: members)
  func `Units, order and origin of columns do not matter`(name: String, estimator: KClassEstimator) throws {
    let fit = try fixture.kClass(estimator)
    let moved = fixture.columns
      .replacing(4) { value, _ in 1e4 * value }.replacing(6) { value, _ in value / 300 }
      .replacing(2) { value, _ in value + 5 }.replacing(5) { value, _ in value - 2 }
    let other = try KClass(
      moved.gram(), response: 8, endogenous: [4, 3], exogenous: [2, 0, 1], instruments: [7, 5, 6], estimator: estimator)
    // In the order of `other`: w2, 1, w1, d2, d1.
    let b = fit.coefficients
    let expected = [b[2], b[0] - 5 * b[2], b[1], b[4] / 1e4, b[3]]
    for (value, target) in zip(other.coefficients, expected) { #expect(abs(value - target) < 1e-9 * abs(target)) }
    #expect(abs(other.k - fit.k) < 1e-10)
  }

  @Test(arguments: members)
  func `Other columns of the same span are the same instruments`(name: String, estimator: KClassEstimator) throws {
    let mixed = fixture.columns.replacing(5) { value, i in value + 2 * fixture.c[i][6] - fixture.c[i][1] }
    let (first, second) = (try fixture.kClass(estimator), try fixture.kClass(estimator, mixed.gram()))
    #expect(distance(second.coefficients, first.coefficients) < 1e-11)
    #expect(distance(second.bread.values, first.bread.values) < 1e-11)
  }

  @Test func `k = 0 is least squares`() throws {
    let (fit, plain) = (try fixture.kClass(.fixed(0)), try fixture.leastSquares(fixture.gram))
    #expect(distance(fit.coefficients, plain.coefficients) < 1e-12)
    #expect(distance(fit.bread.values, plain.bread.values) < 1e-12)
  }

  @Test func `As many instruments as endogenous columns solve the moments exactly`() throws {
    let exact = try fixture.kClass(.twoStage, instruments: [5, 7])
    let residual = fixture.gram * exact.scores.residual
    for column in [0, 1, 2, 5, 7] { #expect(abs(residual[column]) < 1e-10) }
    let limited = try fixture.kClass(.limitedInformation, instruments: [5, 7])
    #expect(abs(limited.k - 1) < 1e-12)
    #expect(distance(limited.coefficients, exact.coefficients) < 1e-10)
  }

  @Test func `Scores add up to zero for two stages`() throws {
    let scores = try fixture.kClass(.twoStage).scores.block(fixture.columns).scores
    for column in 0..<5 { #expect(abs(scores.transposed[row: column].reduce(0, +)) < 1e-10) }
  }

  @Test func `What is not identified is named`() {
    func failure(_ instruments: [Int], _ gram: Matrix) -> Int? {
      do { _ = try fixture.kClass(.twoStage, gram, instruments: instruments) } catch {
        return (error as? NotPositiveDefinite)?.column
      }
      return nil
    }
    #expect(failure([], fixture.gram) == 3)
    #expect(failure([6], fixture.gram) == 4)
    #expect(failure([5, 6, 7], fixture.columns.replacing(7) { _, i in 1 - fixture.c[i][5] }.gram()) == 7)
    #expect(failure([5, 6, 7], fixture.gram) == nil)
  }
}
