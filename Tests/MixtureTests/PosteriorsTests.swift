import Communication
import Foundation
import Mixture
import ModelTestSupport
import TestSupport
import Testing

@Suite struct PosteriorsTests {
  static let rows = TestRows(rowCount: 20_000, covariateCount: 2, groups: 3, noise: 1, seed: 51)

  private func model() throws -> RegressionMixture {
    let design = try Self.rows.design()
    return try design.passes(20, from: ModelKind.regression.start(design, groups: 3) as! RegressionMixture).model
  }

  @Test func `Posteriors are Bayes' rule`() throws {
    let model = try model()
    let posteriors = try Self.rows.design().posteriors(model).rows
    for row in stride(from: 0, to: 20_000, by: 371) {
      let densities = (0..<3).map { k in
        let beta = model.coefficients[k]
        let mean = beta[0] + beta[1] * Self.rows.covariates[0][row] + beta[2] * Self.rows.covariates[1][row]
        let z = (Self.rows.treatment[row] - mean) / model.standardDeviations[k]
        return model.mixingWeights[k] / model.standardDeviations[k] * exp(-z * z / 2)
      }
      let sum = densities.reduce(0, +)
      #expect(distance(posteriors[row], densities.map { $0 / sum }) < 1e-12)
    }
    #expect(posteriors.allSatisfy { abs($0.reduce(0, +) - 1) < 1e-14 })
  }

  @Test func `Rows that no group explains still have posteriors`() throws {
    let model = RegressionMixture(
      mixingWeights: [0.5, 0.5], coefficients: [[0, 0], [1, 0]], standardDeviations: [1e-3, 1e-3])
    let design = try TestRows(covariates: [[0, 0, 0]], treatment: [1e6, -1e6, 0.5]).design()
    let posteriors = design.posteriors(model)
    #expect(posteriors.rows[0] == [0, 1] && posteriors.rows[1] == [1, 0])
    #expect(distance(posteriors.rows[2], [0.5, 0.5]) < 1e-9)
    #expect(posteriors.logLikelihood.isFinite)
  }

  @Test func `The label is the likeliest group, the first of equals`() throws {
    let posteriors = try Self.rows.design().posteriors(model())
    for (row, label) in zip(posteriors.rows, posteriors.labels) { #expect(row[label] == row.max()) }
    let twins = RegressionMixture(
      mixingWeights: [0.5, 0.5], coefficients: [[0, 0, 0], [0, 0, 0]], standardDeviations: [1, 1])
    #expect(try Self.rows.design().posteriors(twins).labels.allSatisfy { $0 == 0 })
  }

  @Test func `Entropy is that of the posteriors`() throws {
    let posteriors = try Self.rows.design().posteriors(model())
    let expected = -posteriors.rows.joined().reduce(0) { $0 + ($1 > 0 ? $1 * log($1) : 0) }
    #expect(distance([posteriors.entropy], [expected]) < 1e-11)
  }

  @Test func `Sampled labels follow the posteriors`() throws {
    let model = try model()
    let posteriors = try Self.rows.design().posteriors(model, labelRule: .sampled, seed: 7)
    // Among rows of like posteriors, too: ten bins of γ per group.
    for k in 0..<3 {
      for bin in 0..<10 {
        let rows = posteriors.rows.indices.filter { Int(min(posteriors.rows[$0][k] * 10, 9)) == bin }
        let expected = rows.reduce(0) { $0 + posteriors.rows[$1][k] }
        let variance = rows.reduce(0) { $0 + posteriors.rows[$1][k] * (1 - posteriors.rows[$1][k]) }
        let found = Double(rows.count { posteriors.labels[$0] == k })
        #expect(abs(found - expected) <= 4.5 * variance.squareRoot() + 1e-9)
      }
    }
  }

  @Test func `Sampled labels depend on the seed and not on ranks`() throws {
    let model = try model()
    let expected = try Self.rows.design().posteriors(model, labelRule: .sampled, seed: 7).labels
    let other = try Self.rows.design().posteriors(model, labelRule: .sampled, seed: 8).labels
    #expect(zip(expected, other).count { $0 != $1 } > 1000)
    for ranks in [2, 3, 5, 8] {
      let partition = randomPartition(RowGrid(rowCount: 20_000), ranks: ranks, seed: UInt64(ranks))
      let isEqual = try LoopbackCommunicator.run(ranks: ranks) { communicator in
        let design = try Self.rows.design(partition, on: communicator)
        let labels = design.posteriors(model, labelRule: .sampled, seed: 7).labels
        return labels == Array(expected[design.rows.localRows])
      }
      #expect(isEqual.allSatisfy { $0 })
    }
  }

  @Test func `A summary's totals and labels do not depend on ranks`() throws {
    let model = try model()
    func summary(_ ranks: Int) throws -> [LabelSummary] {
      try LoopbackCommunicator.run(ranks: ranks) { communicator in
        let design = try Self.rows.design(on: communicator)
        let rule = PosteriorRule(model: model, labelRule: .argmax, seed: 1)
        return try design.rows.sum(LabelSummary(groupCount: 3, covariateCount: 2, truthCount: 0)) { partial, chunk in
          let (block, totals) = try rule(design, chunk: chunk)
          partial.add(
            block, totals: totals, covariates: try design.covariates(ofChunk: chunk), weights: nil, truth: nil)
        }
      }
    }
    let alone = try summary(1)[0]
    let labels = try Self.rows.design().posteriors(model).labels
    #expect((0..<3).map(alone.rowCount) == (0..<3).map { k in labels.count { $0 == k } })
    for ranks in [2, 5] { #expect(try summary(ranks).allSatisfy { bits($0.summands) == bits(alone.summands) }) }
  }
}
