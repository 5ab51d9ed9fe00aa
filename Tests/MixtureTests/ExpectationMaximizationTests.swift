import Communication
import Foundation
import LinearAlgebra
import Mixture
import ModelTestSupport
import TestSupport
import Testing

/// Every model, with a start that does not depend on units.
enum ModelKind: String, CaseIterable, Sendable {
  case regression, shared, full, tied, diagonal, spherical, kmeans

  func start(_ design: Design, groups: Int, number: Int = 0, seed: UInt64 = 1) throws -> any MixtureModel {
    let pooled = try design.pooledStatistics()
    let random = CounterRandom(seed: seed, stream: .starts)
    let regression = try RegressionMixture.starts(
      number..<number + 1, groups: groups, pooled: pooled, random: random)[0]
    switch self {
    case .regression: return regression
    case .shared:
      let p = design.columnCount - 2
      return try SharedShapeRegressionMixture(nearest: regression, featureCounts: [p / 2, p - p / 2], pooled: pooled)
    case .kmeans:
      return KMeansMixture(
        centers: try design.centers(
          number..<number + 1, groups: groups, plusPlus: true, scaled: false, pooled: pooled, random: random)[0])
    default:
      return try GaussianMixture(equation6: regression, pooled: pooled, shape: CovarianceShape(rawValue: rawValue)!)
    }
  }
}

/// The model, the trace and the labels after some passes.
struct Course {
  let model: any MixtureModel
  let trace: [Double]
  let degeneracy: String?
  let posteriors: [[Double]]
  let labels: [Int]

  init(_ design: Design, _ model: some MixtureModel, passes: Int) throws {
    let fit = try design.passes(passes, from: model)
    self.model = fit.model
    trace = fit.trace
    degeneracy = fit.degeneracy
    let posteriors = design.posteriors(fit.model)
    self.posteriors = posteriors.rows
    labels = posteriors.labels
  }

  init(_ kind: ModelKind, _ design: Design, groups: Int, passes: Int) throws {
    try self.init(design, kind.start(design, groups: groups), passes: passes)
  }
}

@Suite struct ExpectationMaximizationTests {
  @Test(arguments: ModelKind.allCases, 1...6 as ClosedRange<UInt64>)
  func `The likelihood never falls`(kind: ModelKind, seed: UInt64) throws {
    let groups = 2 + Int(seed % 3)
    var rows = TestRows(rowCount: 600, covariateCount: 4, groups: groups, noise: 0.1 * Double(seed), seed: seed)
    if seed % 2 == 0 { rows.weight = (0..<600).map { 0.1 + Double($0 % 7) } }
    let design = try rows.design()
    for number in 0..<3 {
      let course = try Course(design, kind.start(design, groups: groups, number: number, seed: seed), passes: 60)
      #expect(course.trace.count == 60 || course.degeneracy != nil)
      #expect(course.trace.allSatisfy { $0.isFinite })
      // A start by Eq. (6) has full covariances: what it has beyond the shape is lost in the first M step.
      let trace = [.tied, .diagonal, .spherical].contains(kind) ? course.trace.dropFirst() : course.trace[...]
      for (before, after) in zip(trace, trace.dropFirst()) { #expect(after >= before - 1e-9 * abs(before)) }
    }
  }

  @Test(arguments: [ModelKind.diagonal, .spherical])
  func `What a start loses in the first M step is not taken for convergence`(kind: ModelKind) throws {
    let design = try TestRows(rowCount: 600, covariateCount: 4, groups: 4, noise: 0.2, seed: 2).design()
    var falls = 0
    for number in 0..<10 {
      let start = try kind.start(design, groups: 4, number: number) as! GaussianMixture
      let fit = try design.expectationMaximization([Fit(start: 0, model: start)], convergence: Convergence())[0]
      if fit.degeneracy != nil { continue }
      if fit.trace[1] < fit.trace[0] { falls += 1 }
      let longer = try design.passes(1000, from: start)
      #expect(fit.isConverged && fit.logLikelihood > longer.logLikelihood - 0.1)
    }
    #expect(falls > 0, "no start loses anything")
  }

  @Test(arguments: ModelKind.allCases)
  func `The order of rows changes rounding only`(kind: ModelKind) throws {
    let rows = TestRows(rowCount: 2500, covariateCount: 4, groups: 3, seed: 11)
    let order = shuffled(2500, seed: 1)
    let design = try rows.design()
    let start = try kind.start(design, groups: 3)
    let one = try Course(design, start, passes: 25)
    let other = try Course(rows.rows(order).design(), start, passes: 25)
    #expect(distance(parameters(of: other.model), parameters(of: one.model)) < 1e-9)
    #expect(distance(other.trace, one.trace) < 1e-11)
    #expect(other.labels == order.map { one.labels[$0] })
  }

  @Test(arguments: [ModelKind.regression, .full, .tied, .diagonal, .spherical])
  func `The order of covariates changes the order of coefficients only`(kind: ModelKind) throws {
    let rows = TestRows(rowCount: 1500, covariateCount: 3, groups: 3, seed: 12)
    let order = [2, 0, 1]
    var turned = rows
    turned.covariates = order.map { rows.covariates[$0] }
    let (design, turnedDesign) = (try rows.design(), try turned.design())
    let start = try kind.start(design, groups: 3)
    let one = try Course(design, start, passes: 25)
    let other = try Course(turnedDesign, start.turned(order), passes: 25)
    let expected = try one.model.turned(order)
    #expect(distance(parameters(of: other.model), parameters(of: expected)) < 1e-9)
    #expect(other.labels == one.labels)
    #expect(distance(other.trace, one.trace) < 1e-11)
  }

  @Test(arguments: ModelKind.allCases, [1, 2, 3, 5, 8])
  func `Bits do not depend on ranks`(kind: ModelKind, ranks: Int) throws {
    var rows = TestRows(rowCount: 9 * RowGrid.defaultChunkLength - 5, covariateCount: 3, groups: 3, seed: 13)
    rows.weight = (0..<rows.rowCount).map { 0.5 + Double($0 % 5) }
    let content = rows
    let expected = try Course(kind, content.design(), groups: 3, passes: 6)
    let expectedBits = bits(parameters(of: expected.model)) + bits(expected.trace)
    for partition in [
      Partition(grid: RowGrid(rowCount: rows.rowCount), ranks: ranks),
      randomPartition(RowGrid(rowCount: rows.rowCount), ranks: ranks, seed: UInt64(ranks)),
    ] {
      let courses = try LoopbackCommunicator.run(ranks: ranks) { communicator in
        let design = try content.design(partition, on: communicator)
        let course = try Course(kind, design, groups: 3, passes: 6)
        let first = design.rows.localRows.lowerBound
        return (
          bits(parameters(of: course.model)) + bits(course.trace),
          course.labels.indices.allSatisfy { course.labels[$0] == expected.labels[first + $0] },
          course.posteriors.indices.allSatisfy { course.posteriors[$0] == expected.posteriors[first + $0] }
        )
      }
      #expect(courses.allSatisfy { $0.0 == expectedBits }, "\(partition.chunks)")
      #expect(courses.allSatisfy { $0.1 && $0.2 }, "\(partition.chunks)")
    }
  }

  @Test(arguments: ModelKind.allCases)
  func `An integer weight is a row repeated, a zero weight a row left out`(kind: ModelKind) throws {
    let rows = TestRows(rowCount: 800, covariateCount: 4, groups: 3, seed: 14)
    var weighted = rows
    weighted.weight = (0..<800).map { Double($0 % 4) }
    let order = (0..<800).flatMap { Array(repeating: $0, count: $0 % 4) }
    let design = try weighted.design()
    let start = try kind.start(design, groups: 3)
    let one = try Course(design, start, passes: 20)
    let other = try Course(rows.rows(order).design(), start, passes: 20)
    #expect(distance(parameters(of: other.model), parameters(of: one.model)) < 1e-9)
    #expect(distance(other.trace, one.trace) < 1e-11)
    #expect(other.labels == order.map { one.labels[$0] })
  }

  @Test func `Fits together give the bits of fits alone`() throws {
    let design = try TestRows(rowCount: 1500, covariateCount: 3, groups: 3, seed: 15).design()
    let models = try RegressionMixture.starts(
      0..<5, groups: 3, pooled: design.pooledStatistics(), random: CounterRandom(seed: 1, stream: .starts))
    let convergence = Convergence(tolerance: 1e-4, maximumPasses: 30)
    let together = try design.expectationMaximization(
      models.enumerated().map { Fit(start: $0.offset, model: $0.element) }, convergence: convergence)
    #expect(Set(together.map(\.passes)).count > 1, "starts that end together show nothing")
    for (index, fit) in together.enumerated() {
      let alone = try design.expectationMaximization(
        [Fit(start: index, model: models[index])], convergence: convergence)[0]
      #expect(alone.model == fit.model && alone.trace == fit.trace && alone.isConverged == fit.isConverged)
    }
  }

  @Test func `A converged fit's model is the one whose likelihood ends the trace`() throws {
    let design = try TestRows(rowCount: 1500, covariateCount: 3, groups: 2, seed: 16).design()
    let start = try ModelKind.regression.start(design, groups: 2) as! RegressionMixture
    let fit = try design.expectationMaximization(
      [Fit(start: 0, model: start)], convergence: Convergence(tolerance: 1e-5, maximumPasses: 500))[0]
    #expect(fit.isConverged && fit.passes < 500)
    let last = try design.statistics(of: [fit.model])[0]
    #expect(last.logLikelihood == fit.logLikelihood)
    let rises = zip(fit.trace, fit.trace.dropFirst()).map { $1 - $0 }
    #expect(rises.last! <= 1e-5 * 1500 && rises.dropLast().allSatisfy { $0 > 1e-5 * 1500 })
  }

  @Test func `A fit carried on counts the passes before`() throws {
    let design = try TestRows(rowCount: 500, covariateCount: 3, groups: 2, seed: 17).design()
    let start = try ModelKind.regression.start(design, groups: 2) as! RegressionMixture
    let first = try design.passes(7, from: start)
    let second = try design.expectationMaximization(
      [Fit(continuing: first, model: first.model)], convergence: Convergence(tolerance: -.infinity, maximumPasses: 5)
    )[0]
    #expect(second.passes == 12 && second.start == first.start)
    let straight = try design.passes(12, from: start)
    #expect(straight.model == second.model)
  }

  @Test(arguments: ModelKind.allCases)
  func `A fit that was written down goes on with the same bits`(kind: ModelKind) throws {
    let design = try TestRows(rowCount: 500, covariateCount: 4, groups: 2, seed: 20).design()
    func check(_ model: some MixtureModel) throws {
      let fit = try design.passes(4, from: model)
      let read = try JSONDecoder().decode(type(of: fit), from: JSONEncoder().encode(fit))
      let convergence = Convergence(tolerance: -.infinity, maximumPasses: 9)
      let went = try design.expectationMaximization([read], convergence: convergence)[0]
      let straight = try design.passes(9, from: model)
      #expect(bits(parameters(of: went.model)) == bits(parameters(of: straight.model)))
      #expect(bits(went.trace) == bits(straight.trace) && went.passes == 9)
    }
    try check(kind.start(design, groups: 2))
  }

  @Test func `The best fits come first, the earlier start where they are equal`() throws {
    let design = try TestRows(rowCount: 500, covariateCount: 3, groups: 2, seed: 18).design()
    let models = try RegressionMixture.starts(
      0..<4, groups: 2, pooled: design.pooledStatistics(), random: CounterRandom(seed: 1, stream: .starts))
    let fits = try design.expectationMaximization(
      [3, 1, 0, 2, 1].enumerated().map { Fit(start: $0.offset, model: models[$0.element]) },
      convergence: Convergence(tolerance: -.infinity, maximumPasses: 2))
    let best = fits.best(5)
    #expect(zip(best, best.dropFirst()).allSatisfy { $0.logLikelihood >= $1.logLikelihood })
    let twins = best.map(\.start).filter { $0 == 1 || $0 == 4 }
    #expect(twins == [1, 4])
    #expect(fits.best(2).map(\.start) == Array(best.map(\.start).prefix(2)))
  }

  @Test func `The observer hears of every pass and may stop it`() throws {
    struct Stop: Error {}
    let design = try TestRows(rowCount: 500, covariateCount: 3, groups: 2, seed: 19).design()
    let start = try ModelKind.regression.start(design, groups: 2) as! RegressionMixture
    var heard: [Double] = []
    let fit = try design.expectationMaximization(
      [Fit(start: 0, model: start)], convergence: Convergence(tolerance: -.infinity, maximumPasses: 4)
    ) { heard.append($0[0].logLikelihood) }[0]
    #expect(heard.count == 4 && heard == fit.trace)
    #expect(throws: Stop.self) {
      try design.expectationMaximization([Fit(start: 0, model: start)], convergence: Convergence()) {
        if $0[0].trace.count == 3 { throw Stop() }
      }
    }
  }

  @Test func `Fits that were interrupted go on to the same end`() throws {
    let design = try TestRows(rowCount: 500, covariateCount: 3, groups: 2, seed: 19).design()
    let start = try ModelKind.regression.start(design, groups: 2) as! RegressionMixture
    let undisturbed = try design.expectationMaximization([Fit(start: 0, model: start)], convergence: Convergence())[0]
    let head = try design.expectationMaximization(
      [Fit(start: 0, model: start)], convergence: Convergence(maximumPasses: 3))
    let tail = try design.expectationMaximization(head, convergence: Convergence())[0]
    #expect(tail.model == undisturbed.model && tail.trace == undisturbed.trace)
  }
}

extension MixtureModel {
  /// The same model on covariates in another order.
  fileprivate func turned(_ order: [Int]) throws -> any MixtureModel {
    let columns = order + [order.count]
    switch self {
    case let model as RegressionMixture:
      return RegressionMixture(
        mixingWeights: model.mixingWeights,
        coefficients: model.coefficients.map { beta in [beta[0]] + order.map { beta[$0 + 1] } },
        standardDeviations: model.standardDeviations, varianceFloor: model.varianceFloor)
    case let model as GaussianMixture:
      return try GaussianMixture(
        mixingWeights: model.mixingWeights, means: model.means.map { mean in columns.map { mean[$0] } },
        covariances: model.covariances.map { c in Matrix(columns.map { i in columns.map { c[i, $0] } }) },
        shape: model.shape)
    default: preconditionFailure("no such model")
    }
  }
}
