import Communication
import Foundation
import LinearAlgebra
import Mixture
import ModelTestSupport
import Runs
import Testing

/// What the starts of a search came to.
@Suite struct SearchTests {
  /// log L of a mixture of regressions by its formula: Σ log Σ_k π_k N(t; β_k'(1, x), σ_k²).
  private func logLikelihood(_ model: RegressionMixture, _ rows: TestRows) -> Double {
    rows.treatment.indices.reduce(0) { sum, row in
      let densities = model.mixingWeights.indices.map { k in
        let beta = model.coefficients[k]
        let mean = rows.covariates.indices.reduce(beta[0]) { $0 + beta[$1 + 1] * rows.covariates[$1][row] }
        let z = (rows.treatment[row] - mean) / model.standardDeviations[k]
        return model.mixingWeights[k] / model.standardDeviations[k] * Foundation.exp(-z * z / 2)
      }
      return sum + Foundation.log(densities.reduce(0, +)) - Foundation.log(2 * Double.pi) / 2
    }
  }

  private func searched(_ rows: TestRows) throws -> (summary: SearchSummary, fits: [Fit<RegressionMixture>]) {
    let design = try rows.design()
    let models = try RegressionMixture.starts(
      0..<12, groups: 3, pooled: design.pooledStatistics(), random: CounterRandom(seed: 3, stream: .starts))
    let search = Search(convergence: Convergence(tolerance: 1e-10), journal: Journal(), continuedStarts: 8)
    let short = try search.short(
      models.enumerated().map { Fit(start: $0.offset, model: $0.element) }, on: design, phase: "starts")
    let fits = try search.continued(short, on: design, pilot: design, phase: "search").fits
    return (Search.summary(short, fits), fits)
  }

  @Test func `What each start reached is told against the best one`() throws {
    var apart = 0
    for seed in 1...8 as ClosedRange<UInt64> {
      let rows = TestRows(rowCount: 200, covariateCount: 2, groups: 5, noise: 0.6, seed: seed)
      let (summary, fits) = try searched(rows)
      #expect(summary.starts == 12 && summary.continued == fits.count && summary.reached[0].below == 0)
      #expect(summary.reached.map(\.start) == fits.map(\.start))
      #expect(summary.agreed == summary.reached.count { $0.below <= 0.5 })
      let best = logLikelihood(fits[0].model, rows)
      for (reached, fit) in zip(summary.reached, fits) where fit.isConverged && fits[0].isConverged {
        #expect(abs(best - logLikelihood(fit.model, rows) - reached.below) < 1e-4, "start \(reached.start)")
        if reached.below > 0.5 { apart += 1 }
      }
    }
    #expect(apart > 0, "all starts found the same fit")
  }

  @Test(arguments: [1, 2, 3])
  func `Of fits that a pilot finds to be one solution only one goes on to the other rows`(ranks: Int) throws {
    let rows = TestRows(
      rowCount: 12 * RowGrid.defaultChunkLength - 7, covariateCount: 2, groups: 3, noise: 0.6, seed: 4)
    let found = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let table = try rows.table(on: communicator)
      func design(_ subset: ChunkSubset?) -> Design {
        Design(table: table, featureNames: table.covariateNames, features: nil, subset: subset)
      }
      let (all, pilot) = (design(nil), design(ChunkSubset(of: table.rows, count: 4, seed: 3)))
      let models = try RegressionMixture.starts(
        0..<12, groups: 3, pooled: all.pooledStatistics(), random: CounterRandom(seed: 3, stream: .starts))
      let starts = models.enumerated().map { Fit(start: $0.offset, model: $0.element) }
      let search = Search(convergence: Convergence(tolerance: 1e-10), journal: Journal(), continuedStarts: 12)
      let short = try search.short(starts, on: pilot, phase: "starts")
      return (
        try search.continued(short, on: all, pilot: pilot, phase: "search"),
        try search.continued(short, on: all, pilot: all, phase: "search")
      )
    }
    let (piloted, plain) = found[0]
    // Starts that degenerate have no end.
    #expect(!piloted.fits.isEmpty && piloted.fits.count < piloted.ends.count)
    #expect(piloted.fits.count == piloted.ends.distinct().count)
    #expect(plain.ends.map(\.start) == plain.fits.map(\.start) && plain.fits.count > plain.fits.distinct().count)
    // Both stop where a pass raises the log-likelihood of a row by no more than 1e-10, after different passes: what is left
    // to either is below 1e-4, and moves coefficients by hundredths of their standard errors, of some .01.
    #expect(abs(piloted.fits[0].logLikelihood - plain.fits[0].logLikelihood) < 1e-4)
    let (one, other) = (piloted.fits[0].model.canonical, plain.fits[0].model.canonical)
    for (a, b) in zip(one.coefficients.joined(), other.coefficients.joined()) { #expect(abs(a - b) < 1e-3) }
    for (others, _) in found {
      #expect(
        others.fits.map { bits($0.model.coefficients.flatMap(\.self)) }
          == piloted.fits.map { bits($0.model.coefficients.flatMap(\.self)) })
    }
  }

  /// Log-likelihoods move by n log 1000, their differences do not.
  @Test func `Units of the treatment change nothing of it`() throws {
    let rows = TestRows(rowCount: 300, covariateCount: 2, groups: 4, noise: 0.6, seed: 4)
    var scaled = rows
    scaled.treatment = rows.treatment.map { 1000 * $0 }
    let (one, other) = (try searched(rows).summary, try searched(scaled).summary)
    #expect(one.reached.map(\.start) == other.reached.map(\.start))
    for (a, b) in zip(one.reached, other.reached) { #expect(abs(a.below - b.below) < 1e-5) }
  }
}
