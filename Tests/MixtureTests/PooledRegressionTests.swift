import LinearAlgebra
import Mixture
import ModelTestSupport
import TestSupport
import Testing

@Suite struct PooledRegressionTests {
  @Test func `it is the regression of one group, and counts its parameters`() throws {
    let pooled = try TestRows(rowCount: 300, covariateCount: 3, groups: 1, seed: 51).design().pooledStatistics()
    let regression = try PooledRegression(pooled, name: "a regression")
    var group = RegressionMixture(mixingWeights: [1], coefficients: [[0, 0, 0, 0]], standardDeviations: [1])
    _ = try group.maximize(pooled)
    #expect(regression.coefficients == group.coefficients[0])
    #expect(regression.standardDeviation == group.standardDeviations[0])
    #expect(regression.parameterCount == group.parameterCount)
  }

  @Test func `columns that depend on each other are said of the regression, not of a group`() throws {
    let rows = TestRows(covariates: [Array(repeating: 0, count: 50)], treatment: (0..<50).map { Double($0 % 7) })
    let pooled = try rows.design().pooledStatistics()
    let error = #expect(throws: DegenerateGroup.self) { try PooledRegression(pooled, name: "the outcome's regression") }
    #expect(error == DegenerateGroup(.pooled("the outcome's regression"), .singular) && error?.group == nil)
    #expect(error?.description == "the columns of the outcome's regression depend linearly on each other")
    let starts = #expect(throws: DegenerateGroup.self) {
      try RegressionMixture.starts(0..<1, groups: 2, pooled: pooled, random: CounterRandom(seed: 1, stream: .test))
    }
    #expect(starts?.subject == .pooled("the regression of all rows"))
  }

  @Test func `fewer rows than parameters are refused with both numbers`() throws {
    let pooled = try TestRows(rowCount: 4, covariateCount: 3, groups: 1, seed: 52).design().pooledStatistics()
    let error = #expect(throws: DegenerateGroup.self) { try PooledRegression(pooled, name: "a regression") }
    #expect(error?.reason == .tooFew(rows: 4, parameters: 5))
  }
}
