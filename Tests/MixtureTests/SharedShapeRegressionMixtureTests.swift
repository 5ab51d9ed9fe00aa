import Foundation
import LinearAlgebra
import Mixture
import ModelTestSupport
import TestSupport
import Testing

/// Features x, x² and x³ of each of two covariates: a basis of curves.
private struct CurvedRows {
  let rows: TestRows
  /// α_k0, α_k1, α_k2.
  static let loadings: [[Double]] = [[0.5, 1.5, -1], [-0.5, -1, 0.8], [0.2, 0.3, 2]]
  static let shapes: [[Double]] = [[1, 0.4, -0.2], [-0.3, 1, 0.1]]
  static let noise = 0.1

  init(rowCount: Int, seed: UInt64) {
    let random = CounterRandom(seed: seed, stream: .test)
    var features = Array(repeating: [Double](), count: 6)
    var treatment: [Double] = []
    var groups: [Int] = []
    for row in 0..<rowCount {
      let k = random.integer(below: 3, row: row, draw: 10)
      var t = Self.loadings[k][0] + Self.noise * random.normal(row: row, draw: 11)
      for j in 0..<2 {
        let x = 3 * random.uniform(row: row, draw: j) - 1.5
        for power in 1...3 {
          features[3 * j + power - 1].append(pow(x, Double(power)))
          t += Self.loadings[k][j + 1] * Self.shapes[j][power - 1] * pow(x, Double(power))
        }
      }
      treatment.append(t)
      groups.append(k)
    }
    var rows = TestRows(covariates: features, treatment: treatment)
    rows.groups = groups
    self.rows = rows
  }
}

@Suite struct SharedShapeRegressionMixtureTests {
  /// A free fit near the truth, for the shared one to start at.
  private func free(_ curved: CurvedRows, _ design: Design) throws -> RegressionMixture {
    let truth = RegressionMixture(
      mixingWeights: [0.4, 0.3, 0.3],
      coefficients: CurvedRows.loadings.map { loading in
        [loading[0]] + (0..<2).flatMap { j in CurvedRows.shapes[j].map { $0 * loading[j + 1] } }
      }, standardDeviations: [0.3, 0.3, 0.3])
    return try design.passes(5, from: truth).model
  }

  @Test func `It recovers the shapes and weights that made the data`() throws {
    let curved = CurvedRows(rowCount: 4000, seed: 1)
    let design = try curved.rows.design()
    let start = try SharedShapeRegressionMixture(
      nearest: free(curved, design), featureCounts: [3, 3], pooled: design.pooledStatistics())
    let fit = try design.converged(from: start)
    #expect(fit.isConverged)
    let found = fit.model
    // Standard errors are about noise / sqrt(n / K) = 0.003, times what collinear powers cost.
    for (shape, truth) in zip(found.shapes, CurvedRows.shapes) {
      #expect(zip(shape, truth).allSatisfy { abs($0 - $1) < 0.03 }, "\(shape)")
      #expect(shape.contains(1))
    }
    for (loading, truth) in zip(found.loadings, CurvedRows.loadings) {
      #expect(zip(loading, truth).allSatisfy { abs($0 - $1) < 0.03 }, "\(loading)")
    }
    #expect(found.mixture.standardDeviations.allSatisfy { abs($0 - CurvedRows.noise) < 0.01 })
    let labels = design.posteriors(found).labels
    #expect(zip(labels, curved.rows.groups).count { $0 == $1 } > 3700)
  }

  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func `The likelihood never falls and stays below that of free curves`(seed: UInt64) throws {
    let rows = TestRows(rowCount: 700, covariateCount: 5, groups: 3, seed: seed)
    let design = try rows.design()
    let pooled = try design.pooledStatistics()
    let starts = try RegressionMixture.starts(
      0..<2, groups: 3, pooled: pooled, random: CounterRandom(seed: seed, stream: .starts))
    for start in starts {
      let free = try design.passes(40, from: start)
      let shared = try SharedShapeRegressionMixture(nearest: free.model, featureCounts: [3, 2], pooled: pooled)
      let fit = try design.passes(40, from: shared)
      for (before, after) in zip(fit.trace, fit.trace.dropFirst()) {
        #expect(after >= before - 1e-9 * abs(before))
      }
      // Free curves started at the shared ones can only gain.
      let freed = try design.passes(40, from: fit.model.mixture)
      #expect(freed.trace[0] >= fit.trace[39] - 1e-9 * abs(fit.trace[39]))
      #expect(freed.trace[39] >= freed.trace[0])
    }
  }

  @Test func `With one feature per covariate it is the free mixture`() throws {
    let rows = TestRows(rowCount: 900, covariateCount: 3, groups: 3, seed: 8)
    let design = try rows.design()
    let pooled = try design.pooledStatistics()
    let start = try RegressionMixture.starts(
      0..<1, groups: 3, pooled: pooled, random: CounterRandom(seed: 2, stream: .starts))[0]
    let shared = try SharedShapeRegressionMixture(nearest: start, featureCounts: [1, 1, 1], pooled: pooled)
    #expect(shared.parameterCount == start.parameterCount)
    let (one, other) = (try design.passes(30, from: start), try design.passes(30, from: shared))
    #expect(distance(parameters(of: other.model), parameters(of: one.model)) < 1e-9)
    #expect(distance(other.trace, one.trace) < 1e-11)
    #expect(other.model.shapes == [[1], [1], [1]])
  }

  @Test(arguments: [([3, 3], 3, 18), ([1, 2, 5], 2, 16), ([4], 4, 18)])
  func `Parameters are weights, variances, shares, and shapes less their scales`(
    counts: [Int], groups: Int, expected: Int
  ) throws {
    let rows = TestRows(rowCount: 400, covariateCount: counts.reduce(0, +), groups: groups, seed: 4)
    let design = try rows.design()
    let pooled = try design.pooledStatistics()
    let start = try RegressionMixture.starts(
      0..<1, groups: groups, pooled: pooled, random: CounterRandom(seed: 2, stream: .starts))[0]
    let shared = try SharedShapeRegressionMixture(nearest: start, featureCounts: counts, pooled: pooled)
    #expect(shared.parameterCount == expected)
    #expect(shared.loadings.count == groups && shared.loadings.allSatisfy { $0.count == counts.count + 1 })
    #expect(shared.shapes.map(\.count) == counts)
  }

  @Test func `The nearest shared shapes of shared shapes are themselves`() throws {
    let curved = CurvedRows(rowCount: 1000, seed: 3)
    let design = try curved.rows.design()
    let pooled = try design.pooledStatistics()
    let once = try design.passes(
      3, from: SharedShapeRegressionMixture(nearest: free(curved, design), featureCounts: [3, 3], pooled: pooled)
    ).model
    let twice = try SharedShapeRegressionMixture(nearest: once.mixture, featureCounts: [3, 3], pooled: pooled)
    #expect(distance(twice.shapes, once.shapes) < 1e-9)
    #expect(distance(twice.loadings, once.loadings) < 1e-9)
  }

  @Test func `Reordering keeps shapes and turns weights`() throws {
    let curved = CurvedRows(rowCount: 1000, seed: 5)
    let design = try curved.rows.design()
    let model = try SharedShapeRegressionMixture(
      nearest: free(curved, design), featureCounts: [3, 3], pooled: design.pooledStatistics())
    let turned = model.reordered([2, 0, 1])
    #expect(turned.shapes == model.shapes)
    #expect(turned.loadings == [2, 0, 1].map { model.loadings[$0] })
    #expect(turned.mixture == model.mixture.reordered([2, 0, 1]))
  }
}
