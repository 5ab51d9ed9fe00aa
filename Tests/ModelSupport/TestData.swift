import Communication
import Foundation
import Frames
import LinearAlgebra
import Mixture
import TestSupport

/// Rows in memory: covariates by column, treatment, and weights if there are any.
package struct TestRows: Sendable {
  package var covariates: [[Double]]
  package var treatment: [Double]
  package var weight: [Double]?
  /// The groups that the rows were drawn from.
  package var groups: [Int] = []

  package var rowCount: Int { treatment.count }

  package init(covariates: [[Double]], treatment: [Double], weight: [Double]? = nil) {
    self.covariates = covariates
    self.treatment = treatment
    self.weight = weight
  }

  /// Rows of a mixture of regressions on correlated normal covariates, every group with slopes and a spread of its own.
  package init(rowCount: Int, covariateCount: Int, groups groupCount: Int, noise: Double = 0.3, seed: UInt64) {
    let random = CounterRandom(seed: seed, stream: .test)
    let parameters = CounterRandom(seed: seed + 1_000_000, stream: .test)
    covariates = Array(repeating: [], count: covariateCount)
    treatment = []
    for row in 0..<rowCount {
      var x: [Double] = []
      for j in 0..<covariateCount { x.append(random.normal(row: row, draw: j) + 0.3 * (x.last ?? 0)) }
      let k = random.integer(below: groupCount, row: row, draw: 1000)
      var t = 0.5 * parameters.normal(row: k, draw: 0)
      for j in 0..<covariateCount {
        covariates[j].append(x[j])
        t += x[j] * parameters.normal(row: k, draw: j + 1)
      }
      treatment.append(t + noise * (1 + 0.5 * Double(k)) * random.normal(row: row, draw: 1001))
      groups.append(k)
    }
  }

  /// The rows `order[0]`, `order[1]`, …
  package func rows(_ order: [Int]) -> TestRows {
    var copy = self
    copy.covariates = covariates.map { column in order.map { column[$0] } }
    copy.treatment = order.map { treatment[$0] }
    copy.weight = weight.map { weight in order.map { weight[$0] } }
    copy.groups = groups.isEmpty ? [] : order.map { groups[$0] }
    return copy
  }

  package func table(_ partition: Partition? = nil, on communicator: any Communicator = SoloCommunicator()) throws
    -> Frame
  {
    let partition = partition ?? Partition(grid: RowGrid(rowCount: rowCount), ranks: communicator.size)
    return try Frame(
      rows: DistributedRows(partition: partition, communicator: communicator), covariates: covariates,
      treatment: treatment, weight: weight)
  }

  /// The design on (1, x, t).
  package func design(_ partition: Partition? = nil, on communicator: any Communicator = SoloCommunicator()) throws
    -> Design
  {
    let table = try table(partition, on: communicator)
    return Design(table: table, featureNames: table.covariateNames, features: nil)
  }
}

/// A random order of 0 ..< count.
package func shuffled(_ count: Int, seed: UInt64) -> [Int] {
  let random = CounterRandom(seed: seed, stream: .test)
  return (0..<count).map { ($0, random.uniform(row: $0, draw: 5000)) }.sorted { $0.1 < $1.1 }.map(\.0)
}

/// A partition over ranks in any order, with empty ranks.
package func randomPartition(_ grid: RowGrid, ranks: Int, seed: UInt64) -> Partition {
  let random = CounterRandom(seed: seed, stream: .test)
  let cuts = (1..<max(ranks, 1)).map { random.integer(below: grid.chunkCount + 1, row: $0, draw: 0) }.sorted()
  let bounds = [0] + cuts + [grid.chunkCount]
  let order = shuffled(ranks, seed: seed)
  return Partition(grid: grid, chunks: order.map { bounds[$0]..<bounds[$0 + 1] })
}

extension Design {
  /// EM for exactly so many passes.
  package func passes<Model: MixtureModel>(_ count: Int, from model: Model) throws -> Fit<Model> {
    try expectationMaximization(
      [Fit(start: 0, model: model)], convergence: Convergence(tolerance: -.infinity, maximumPasses: count))[0]
  }

  /// EM until nothing changes.
  package func converged<Model: MixtureModel>(from model: Model) throws -> Fit<Model> {
    try expectationMaximization(
      [Fit(start: 0, model: model)], convergence: Convergence(tolerance: 0, maximumPasses: 20_000))[0]
  }

  /// γ of this rank's rows, row by row, with labels and totals.
  package func posteriors(
    _ model: some MixtureModel, labelRule: LabelRule = .argmax, seed: UInt64 = 1
  ) -> (rows: [[Double]], labels: [Int], logLikelihood: Double, entropy: Double) {
    let rule = PosteriorRule(model: model, labelRule: labelRule, seed: seed)
    var result: (rows: [[Double]], labels: [Int], logLikelihood: Double, entropy: Double) = ([], [], 0, 0)
    let groups = model.groupCount
    for chunk in rows.localChunks {
      // Rows in memory cannot fail to be read.
      let (block, totals) = try! rule(self, chunk: chunk)
      for row in block.labels.indices { result.rows.append(Array(block.posteriors[row * groups..<(row + 1) * groups])) }
      result.labels += block.labels
      result.logLikelihood += totals.logLikelihood
      result.entropy += totals.entropy
    }
    return result
  }
}

/// All parameters of a model as numbers.
package func parameters(of model: any MixtureModel) -> [Double] {
  switch model {
  case let model as RegressionMixture:
    model.mixingWeights + model.coefficients.joined() + model.standardDeviations
  case let model as GaussianMixture:
    model.mixingWeights + model.means.joined() + model.covariances.flatMap(\.values)
  case let model as KMeansMixture: model.mixingWeights + model.centers.joined()
  case let model as SharedShapeRegressionMixture: parameters(of: model.mixture)
  default: preconditionFailure("no such model")
  }
}

package func bits(_ numbers: [Double]) -> [UInt64] { numbers.map(\.bitPattern) }
