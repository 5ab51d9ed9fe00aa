import LinearAlgebra
import Regression
import Statistics
import TestSupport
import Testing

@Suite struct SandwichTests {
  let fixture = RegressionFixture.shared

  /// Least squares and two-stage least squares on the same rows.
  private func stacked() throws -> (LeastSquares, KClass, Sandwich) {
    let (plain, instrumental) = (try fixture.leastSquares(fixture.gram), try fixture.kClass(.twoStage))
    var meat = Meat(.hc0, width: 10)
    meat.add(ScoreBlock(stacking: [plain.scores, instrumental.scores].map { $0.block(fixture.columns) }))
    return (plain, instrumental, Sandwich(stacking: [plain.bread, instrumental.bread], meat: meat.matrix))
  }

  @Test func `The difference of two estimates has the covariance of their rows' differences`() throws {
    let (plain, instrumental, sandwich) = try stacked()
    let difference = zip(plain.coefficients, instrumental.coefficients).map { $0 - $1 }
    let covariance = sandwich.covariance(ofDifferences: (0..<5).map { ($0, $0 + 5) })
    #expect(distance(difference, fixture.difference.estimate) < 1e-11)
    #expect(relativeDistance(covariance, fixture.difference.covariance) < 1e-8)
    let test = try #require(ChiSquareTest(difference, covariance: covariance))
    #expect(abs(test.statistic / fixture.difference.statistic - 1) < 1e-8)
    #expect(test.degreesOfFreedom == 5)
    #expect(abs(test.pValue / fixture.difference.pValue - 1) < 1e-7)
  }

  @Test func `Blocks of the stack are the covariances of each, and what they share matters`() throws {
    let (_, _, sandwich) = try stacked()
    let (first, second) = (Array(0..<5), Array(5..<10))
    let own = sandwich.covariance.selecting(rows: first, columns: first)
    let other = sandwich.covariance.selecting(rows: second, columns: second)
    #expect(relativeDistance(own, fixture.leastSquares.covariances["hc0"]!) < 1e-9)
    #expect(relativeDistance(other, fixture.twoStage.covariances["hc0"]!) < 1e-9)
    let difference = sandwich.covariance(ofDifferences: zip(first, second).map { ($0, $1) })
    let shared = sandwich.covariance.selecting(rows: first, columns: second)
    let expected = own + other - shared - shared.transposed
    #expect((difference - expected).largestMagnitude < 1e-14)
    // Were the two independent, the variances would add up.
    for i in 3..<5 { #expect(abs(shared[i, i]) > 0.01 * own[i, i]) }
    #expect(distance(sandwich.standardErrors, sandwich.covariance.diagonal.map { $0.squareRoot() }) < 1e-15)
  }

  @Test func `An estimate does not differ from itself`() throws {
    let fit = try fixture.leastSquares(fixture.gram)
    let block = fit.scores.block(fixture.columns)
    var meat = Meat(.hc0, width: 10)
    meat.add(ScoreBlock(stacking: [block, block]))
    let sandwich = Sandwich(stacking: [fit.bread, fit.bread], meat: meat.matrix)
    let covariance = sandwich.covariance(ofDifferences: [(1, 6), (4, 9)])
    #expect(covariance.largestMagnitude < 1e-15 && sandwich.covariance[4, 4] > 1e-3)
  }

  @Test func `A contrast of stacked estimates is a quadratic form`() throws {
    let (_, _, sandwich) = try stacked()
    let contrast = Matrix([[0, 1, 0, 2, 0, 0, -1, 0, 0, 3]])
    var expected = 0.0
    for i in 0..<10 { for j in 0..<10 { expected += contrast[0, i] * sandwich.covariance[i, j] * contrast[0, j] } }
    #expect(abs(sandwich.covariance(of: contrast)[0, 0] / expected - 1) < 1e-12)
  }
}
