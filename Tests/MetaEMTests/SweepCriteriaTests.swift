import Communication
import Diagnostics
import Foundation
import LinearAlgebra
import MetaEM
import ModelTestSupport
import Reports
import Simulation
import TestSupport
import Testing

@Suite struct SweepCriteriaTests {
  /// One covariate and one group: the held-out likelihood is that of ordinary regressions of all folds but one.
  @Test func `The held-out likelihood is that of regressions without the fold`() throws {
    let problem = try SweepProblem(groups: 1, covariates: 1, rows: 2500)
    let results = try problem.sweep(grid([1]) { $0.folds = 3 })
    let rows = try Simulation.of(.linear, groups: 1, covariates: 1, rows: 2500).rows(0..<2500)
    let random = CounterRandom(seed: 1, stream: .folds)
    let folds = (0..<2500).map { random.integer(below: 3, row: $0, draw: 0) }
    var total = 0.0
    for fold in 0..<3 {
      let seen = (0..<2500).filter { folds[$0] != fold }
      let n = Double(seen.count)
      let (xMean, tMean) = (seen.reduce(0) { $0 + rows.x[$1] } / n, seen.reduce(0) { $0 + rows.t[$1] } / n)
      let slope =
        seen.reduce(0) { $0 + (rows.x[$1] - xMean) * (rows.t[$1] - tMean) }
        / seen.reduce(0) { $0 + (rows.x[$1] - xMean) * (rows.x[$1] - xMean) }
      func residual(_ row: Int) -> Double { rows.t[row] - tMean - slope * (rows.x[row] - xMean) }
      let variance = seen.reduce(0) { $0 + residual($1) * residual($1) } / n
      for row in 0..<2500 where folds[row] == fold {
        total -= 0.5 * (log(2 * .pi * variance) + residual(row) * residual(row) / variance)
      }
    }
    let heldOut = try #require(results[0].heldOutLogLikelihood)
    #expect(abs(heldOut - total / 2500) < 1e-9)
  }

  @Test func `The test rejects too few groups and keeps enough`() throws {
    let problem = try SweepProblem(groups: 2, covariates: 2, rows: 600)
    let results = try problem.sweep(grid([1, 2]) { $0.replicates = 9 }, ranks: 2)
    let tests = try results.map { try #require($0.likelihoodRatioTest) }
    #expect(tests.allSatisfy { $0.replicates == 9 })
    #expect(tests[0].pValue == 0.1 && tests[0].ratio > 100)
    #expect(tests[1].pValue > 0.1 && tests[1].ratio >= 0)
    // The observed ratio is that of the two fits.
    let likelihoods = try results.map { try #require($0.logLikelihood) }
    #expect(abs(tests[0].ratio - 2 * (likelihoods[1] - likelihoods[0])) < 1e-3)
  }

  @Test func `Starts agree on the sources and not on more groups`() throws {
    let problem = try SweepProblem(groups: 2, covariates: 5)
    let results = try problem.sweep(grid([1, 2, 6]))
    #expect(results[0].agreement == nil)
    #expect(try #require(results[1].agreement) > 0.99)
    #expect(try #require(results[2].agreement) < 0.9)
  }

  @Test func `Notes say what the choice is among and why values are missing`() throws {
    let problem = try SweepProblem(rows: 300)
    let swept = grid([2, 3]) {
      $0.distributions = [.gaussian, .regression]
      $0.representations = [.identity, .polynomial]
      $0.folds = 2
      $0.replicates = 2
    }
    var results = try problem.sweep(swept)
    func findings(_ grid: SweepGrid) -> [Finding] {
      SweepReport(grid, results, rows: 300, ranks: 1, ranksPerFit: 1, version: "", seconds: 0).findings
    }
    let scope: [Finding.Key: Finding.Value] = [.distribution: .name("gaussian"), .criterion: .name("bic")]
    let whole = findings(swept)
    #expect(whole[0] == .note(.choiceWithinDistribution, scope))
    #expect(
      whole[1]
        == .note(.choiceWithinRepresentation, scope.merging([.representation: .name("identity")]) { $1 }))
    #expect(!whole.contains { $0.code == .replicatesMissing || $0.code == .heldOutMissing })

    let place = try #require(results.firstIndex { $0.cell.distribution == .regression })
    results[place].heldOutLogLikelihood = nil
    results[place].likelihoodRatioTest = nil
    let name = results[place].cell.name
    let gaps = findings(swept)
    #expect(gaps.contains(.note(.heldOutMissing, [.names: .names([name])])))
    #expect(
      gaps.contains(
        .note(.replicatesMissing, [.names: .names([name]), .counts: .counts([0]), .total: .count(2)])))
    var alone = swept
    alone.distributions = [.regression]
    #expect(!findings(alone).contains { $0.code == .choiceWithinDistribution })
  }

  @Test func `Every criterion chooses by its own rule`() throws {
    let problem = try SweepProblem(groups: 3, covariates: 3)
    let grid = grid([1, 2, 3, 4]) {
      $0.folds = 3
      $0.seeds = [1, 2]
    }
    let results = try problem.sweep(grid, ranks: 2)
    let report = SweepReport(grid, results, rows: 3000, ranks: 2, ranksPerFit: 1, version: "", seconds: 0)
    let choice = try #require(report.choices.first)
    func best(_ value: (SweepResult) -> Double?) -> Int? {
      // Of the seeds, the fit of the lowest BIC.
      let candidates = Dictionary(grouping: results, by: \.cell.groups).values
        .map { $0.min { $0.bic! < $1.bic! }! }
      return candidates.filter { value($0) != nil }.min { value($0)! < value($1)! }?.cell.groups
    }
    #expect(choice[.bic].groups == best(\.bic) && choice[.icl].groups == best(\.icl))
    #expect(choice[.mmd].groups == best(\.mmd) && choice[.mmd].values[1] == nil)
    #expect(choice[.heldOutLogLikelihood].groups == best { $0.heldOutLogLikelihood.map { -$0 } })
    #expect(choice[.heldOutLogLikelihood].values.count == 4)
    #expect(choice[.likelihoodRatioTest].values.isEmpty && choice[.likelihoodRatioTest].groups == nil)
    #expect(report.bestGroups == 3)
    #expect(!report.findings.contains { $0.code == .moreGroupsFitWorse })
    var missed = results
    for place in missed.indices where missed[place].cell.groups == 4 {
      missed[place].logLikelihood = results[0].logLikelihood! - 1
    }
    let other = SweepReport(grid, missed, rows: 3000, ranks: 2, ranksPerFit: 1, version: "", seconds: 0)
    #expect(other.findings.contains(Finding(.moreGroupsFitWorse, [.groups: .count(4), .fewerGroups: .count(3)])))
  }
}
