import Diagnostics
import Foundation
import LinearAlgebra
import Mixture
import ModelTestSupport
import TestSupport
import Testing

/// What happens when a group cannot be fitted: a ridge and a finding, or the start is given up; never NaN.
@Suite struct DegenerateGroupTests {
  private func isFinite(_ model: any MixtureModel) -> Bool { parameters(of: model).allSatisfy { $0.isFinite } }

  @Test(arguments: ModelKind.allCases, [5, 10, 40])
  func `Too many groups for the rows: every start is finite or says why it was given up`(
    kind: ModelKind, groups: Int
  ) throws {
    let design = try TestRows(rowCount: 40, covariateCount: 2, groups: 2, seed: 41).design()
    for number in 0..<5 {
      let course = try Course(design, kind.start(design, groups: groups, number: number), passes: 100)
      #expect(isFinite(course.model))
      #expect(course.trace.allSatisfy { $0.isFinite })
      if groups == 40 && kind != .kmeans {
        #expect(course.degeneracy?.contains("emptied") == true, "\(course.degeneracy ?? "")")
      }
      #expect(course.posteriors.joined().allSatisfy { $0 >= 0 && $0 <= 1 })
    }
  }

  @Test(arguments: ModelKind.allCases)
  func `Rows that repeat a few points: finite or given up`(kind: ModelKind) throws {
    let points = TestRows(rowCount: 7, covariateCount: 2, groups: 2, seed: 42)
    let design = try points.rows((0..<700).map { $0 % 7 }).design()
    for number in 0..<5 {
      let course = try Course(design, kind.start(design, groups: 3, number: number), passes: 200)
      #expect(isFinite(course.model) && course.trace.allSatisfy { $0.isFinite })
    }
  }

  @Test func `A group far from all rows is an emptied group and the fit ranks last`() throws {
    let design = try TestRows(rowCount: 200, covariateCount: 2, groups: 2, seed: 43).design()
    var far = RegressionMixture(
      mixingWeights: [0.5, 0.5], coefficients: [[0, 0, 0], [1e6, 0, 0]], standardDeviations: [1, 1])
    let statistics = try design.statistics(of: [far])[0]
    let error = #expect(throws: DegenerateGroup.self) { try far.maximize(statistics) }
    #expect(error?.group == 1 && error?.description == "group 1 emptied: 0.0 rows for 4 parameters")
    let good = try ModelKind.regression.start(design, groups: 2) as! RegressionMixture
    let fits = try design.expectationMaximization(
      [Fit(start: 0, model: far), Fit(start: 1, model: good)], convergence: Convergence(maximumPasses: 20))
    #expect(fits[0].degeneracy == error?.description && fits[0].logLikelihood == -.infinity && fits[0].passes == 1)
    #expect(fits.best(2).map(\.start) == [1])
  }

  @Test func `Gaussian: a group needs more rows than columns, a round one two`() throws {
    let design = try TestRows(rowCount: 200, covariateCount: 2, groups: 2, seed: 44).design()
    let pooled = try design.pooledStatistics()
    for (shape, least) in [(CovarianceShape.full, 4), (.tied, 2), (.diagonal, 2), (.spherical, 2)] {
      let model = try GaussianMixture(means: [[0, 0, 0], [1e4, 0, 0]], pooled: pooled, shape: shape)
      let fit = try design.passes(3, from: model)
      #expect(fit.degeneracy == "group 1 emptied: 0.0 rows for \(least) parameters")
    }
  }

  @Test func `Collinear features: a ridge, a finding, and the fit of the features without the copy`() throws {
    var rows = TestRows(rowCount: 400, covariateCount: 2, groups: 1, seed: 45)
    let alone = try RegressionMixture(pooled: rows.design().pooledStatistics())
    rows.covariates.append(rows.covariates[1].map { 2 * $0 })
    let design = try rows.design()
    var model = RegressionMixture(mixingWeights: [1], coefficients: [[0, 0, 0, 0]], standardDeviations: [1])
    let findings = try model.maximize(design.pooledStatistics())
    #expect(findings == [.note(.collinearColumns, [.ridge: .number(1e-10)])])
    let beta = model.coefficients[0]
    // The ridge itself moves coefficients by its share, and solving adds rounding by the condition it leaves, 1e10.
    #expect(distance([beta[0], beta[1], beta[2] + 2 * beta[3]], alone.coefficients[0]) < 1e-5)
    #expect(distance(model.standardDeviations, alone.standardDeviations) < 1e-6)
  }

  @Test func `Shared curves that are collinear: a ridge, a finding, and the fit without the copy`() throws {
    var rows = TestRows(rowCount: 400, covariateCount: 2, groups: 1, seed: 45)
    let alone = try RegressionMixture(pooled: rows.design().pooledStatistics())
    rows.covariates.append(rows.covariates[1].map { 2 * $0 })
    let pooled = try rows.design().pooledStatistics()
    let start = RegressionMixture(mixingWeights: [1], coefficients: [[0, 1, 1, 1]], standardDeviations: [1])
    var model = try SharedShapeRegressionMixture(nearest: start, featureCounts: [1, 1, 1], pooled: pooled)
    #expect(try model.maximize(pooled) == [.note(.collinearColumns, [.ridge: .number(1e-10)])])
    #expect(distance(model.mixture.standardDeviations, alone.standardDeviations) < 1e-6)
  }

  @Test func `Gaussian with collinear columns: the covariance is raised by the ridge`() throws {
    var rows = TestRows(rowCount: 400, covariateCount: 2, groups: 1, seed: 46)
    rows.covariates.append(rows.covariates[0])
    let design = try rows.design()
    var model = try GaussianMixture(
      mixingWeights: [1], means: [[0, 0, 0, 0]], covariances: [Matrix.identity(4)], shape: .full)
    let findings = try model.maximize(design.statistics(of: [model])[0])
    #expect(findings == [.note(.covarianceRidge, [.ridge: .number(1e-10)])])
    let covariance = model.covariances[0]
    #expect(abs(covariance[0, 0] / covariance[0, 2] - 1 - 1e-10) < 1e-13)
    #expect(isFinite(model) && design.posteriors(model).logLikelihood.isFinite)
    // The stored covariance is the one that the E step uses: a model made from it gives the same posteriors.
    let again = try GaussianMixture(
      mixingWeights: model.mixingWeights, means: model.means, covariances: model.covariances, shape: .full)
    #expect(design.posteriors(again).logLikelihood == design.posteriors(model).logLikelihood)
  }

  @Test func `A column that is all zero cannot be helped by a ridge`() throws {
    let rows = TestRows(covariates: [Array(repeating: 0, count: 50)], treatment: (0..<50).map { Double($0 % 7) })
    let pooled = try rows.design().pooledStatistics()
    let error = #expect(throws: DegenerateGroup.self) { try RegressionMixture(pooled: pooled) }
    #expect(error?.description == "group 0 has a singular covariance")
  }

  @Test func `A treatment without noise is held at the floor of the variance`() throws {
    let base = TestRows(rowCount: 600, covariateCount: 2, groups: 3, noise: 0, seed: 47)
    let design = try base.design()
    for number in 0..<5 {
      let start = try ModelKind.regression.start(design, groups: 3, number: number) as! RegressionMixture
      let fit = try design.passes(200, from: start)
      #expect(isFinite(fit.model) && fit.degeneracy == nil)
      #expect(fit.model.standardDeviations.allSatisfy { $0 >= start.varianceFloor.squareRoot() * (1 - 1e-15) })
    }
  }

  @Test func `Parameters that are not finite are given up, not passed on`() throws {
    let design = try TestRows(rowCount: 100, covariateCount: 1, groups: 1, seed: 48).design()
    let broken = RegressionMixture(
      mixingWeights: [0.5, 0.5], coefficients: [[0, .nan], [0, 1]], standardDeviations: [1, 1])
    let fit = try design.passes(5, from: broken)
    #expect(fit.degeneracy?.contains("not finite") == true && fit.logLikelihood == -.infinity && fit.passes == 1)
  }
}
