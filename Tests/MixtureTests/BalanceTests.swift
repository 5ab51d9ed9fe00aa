import LinearAlgebra
import Mixture
import ModelTestSupport
import TestSupport
import Testing

/// The summary of rows with given labels.
private func summary(
  _ x: [[Double]], labels: [Int], groups: Int, weights: [Double]? = nil, truth: [Int]? = nil
) throws -> LabelSummary {
  let columns = x[0].indices.map { j in x.map { $0[j] } }
  let design = try TestRows(covariates: columns, treatment: labels.map(Double.init), weight: weights).design()
  // Centres at the labels, far apart in t: the label of a row is its group's number.
  let model = KMeansMixture(centers: (0..<groups).map { Array(repeating: 0, count: x[0].count) + [Double($0)] })
  let rule = PosteriorRule(model: model, labelRule: .argmax, seed: 1)
  let chunk = design.rows.localChunks[0]
  let (block, totals) = try rule(design, chunk: chunk)
  #expect(block.labels == labels)
  var summary = LabelSummary(
    groupCount: groups, covariateCount: x[0].count, truthCount: truth.map { Set($0).count } ?? 0)
  summary.add(
    block, totals: totals, covariates: try design.covariates(ofChunk: chunk),
    weights: try design.weights(ofChunk: chunk),
    truth: truth)
  return summary
}

@Suite struct BalanceTests {
  @Test func `MMD, means and standardised differences are the reference's`() throws {
    let oracle: MetricsOracle = try TestSupport.oracle("metrics.json")
    let groups = oracle.balance[0]
    let balance = Balance(try summary(oracle.x, labels: groups.labels!, groups: 3))
    #expect(distance(balance.means.map { $0! }, groups.means) < 1e-12)
    #expect(distance([balance.mmd!], [groups.mmd]) < 1e-12)
    let largest = (0..<3).map { j in groups.standardizedMeanDifferences.map { $0[j] }.max()! }
    #expect(distance(balance.largestStandardizedDifferences, largest) < 1e-11)
  }

  @Test func `MMD is its closed form`() throws {
    // Means (0, 0), (3, 4) and (6, 8): squared distances 25, 25 and 100.
    let x: [[Double]] = [[-1, 1], [1, -1], [2, 5], [4, 3], [6, 8]]
    let balance = Balance(try summary(x, labels: [0, 0, 1, 1, 2], groups: 3))
    #expect(balance.means == [[0, 0], [3, 4], [6, 8]])
    #expect(balance.mmd == 50)
    // Variances 1, 1 and 0: the largest is 6 / sqrt(1/2), between the first group and the last.
    #expect(distance(balance.largestStandardizedDifferences, [6 * 2.0.squareRoot(), 8 * 2.0.squareRoot()]) < 1e-14)
  }

  @Test func `One group or an empty one has no MMD`() throws {
    #expect(Balance(try summary([[1], [2]], labels: [0, 0], groups: 1)).mmd == nil)
    let empty = Balance(try summary([[1], [2], [5]], labels: [0, 0, 2], groups: 3))
    #expect(empty.mmd == nil && empty.means[1] == nil && empty.means[0] == [1.5])
    #expect(empty.largestStandardizedDifferences[0].isFinite)
  }

  @Test func `Groups that are points apart have no spread to compare with`() throws {
    let balance = Balance(try summary([[1], [1], [2], [2]], labels: [0, 0, 1, 1], groups: 2))
    #expect(balance.mmd == 1 && balance.largestStandardizedDifferences == [0])
  }

  /// Means half a standard deviation apart: four standard errors from 128 rows to a group on.
  @Test(arguments: [(40, false), (120, false), (140, true), (400, true)])
  func `Groups are unbalanced in what chance would not make`(rows: Int, isUnbalanced: Bool) throws {
    let x = (0..<2 * rows).map { [($0 % 2 == 0 ? 1 : -1) + ($0 < rows ? 0 : 0.5), Double($0 % 2)] }
    let balance = Balance(try summary(x, labels: (0..<2 * rows).map { $0 < rows ? 0 : 1 }, groups: 2))
    #expect(abs(balance.largestStandardizedDifferences[0] - 0.5) < 1e-12)
    #expect(balance.unbalanced == (isUnbalanced ? [0] : []))
  }

  @Test func `The mean over all rows is that of the groups`() throws {
    let oracle: MetricsOracle = try TestSupport.oracle("metrics.json")
    let labels = oracle.balance[0].labels!
    let summary = try summary(oracle.x, labels: labels, groups: 3, truth: labels.map { 2 - $0 })
    #expect((0..<3).map(summary.rowCount) == (0..<3).map { k in labels.count { $0 == k } })
    let total = (0..<3).reduce(0) { $0 + summary.mean($1)![0] * summary.weight($1) }
    #expect(abs(total - oracle.x.reduce(0) { $0 + $1[0] }) < 1e-12)
    for truth in 0..<3 {
      for found in 0..<3 {
        #expect(summary.confusion[truth][found] == (truth + found == 2 ? summary.rowCount(found) : 0))
      }
    }
  }

  @Test func `Weights weigh means and variances, not counts`() throws {
    let x: [[Double]] = [[1], [4], [10]]
    let summary = try summary(x, labels: [0, 0, 1], groups: 2, weights: [2, 1, 1])
    #expect(summary.rowCount(0) == 2 && summary.weight(0) == 3)
    #expect(summary.mean(0) == [2] && summary.variance(0) == [2] && summary.variance(1) == [0])
    #expect(summary.confusion.isEmpty)
  }
}
