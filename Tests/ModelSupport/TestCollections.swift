import Communication
import Diagnostics
import Foundation
import Frames
import MetaEM
import Mixture
import Shards
import Simulation
import TestSupport

/// A folder of shards that lives as long as this does.
package final class TestShards: Sendable {
  package let path: String

  /// A simulation in `shards` files.
  package init(_ simulation: Simulation, shards: Int = 1) throws {
    path = NSTemporaryDirectory() + "giv-" + UUID().uuidString
    _ = try simulation.write(shards: shards, toFolder: path, force: false, on: SoloCommunicator())
  }

  /// Rows, with their groups as the true source when they are known.
  package init(_ rows: TestRows, covariateNames: [String]? = nil) throws {
    path = NSTemporaryDirectory() + "giv-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let names = covariateNames ?? Frame.defaultNames(rows.covariates.count)
    var roles: Set<Role> = [.covariate, .treatment]
    if rows.weight != nil { roles.insert(.weight) }
    if !rows.groups.isEmpty { roles.insert(.source) }
    let writer = try ShardWriter(
      path: file("rows.h5"), header: ShardHeader(covariateNames: names), roles: roles, force: false)
    try writer.append(
      ShardBlock(
        covariates: (0..<rows.rowCount).flatMap { row in rows.covariates.map { $0[row] } },
        treatment: rows.treatment, source: rows.groups.isEmpty ? nil : rows.groups.map(Int64.init),
        weight: rows.weight))
    _ = try writer.finish()
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  package func file(_ name: String) -> String { "\(path)/\(name)" }

  package func collection() throws -> ShardCollection { try ShardCollection.open([path]) }

  /// Trains on ranks that are threads; the results of all of them.
  package func train(
    _ configuration: Configuration, ranks: Int = 1
  ) throws -> [(result: MetaEM.Result, posteriors: String)] {
    try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let collection = try self.collection()
      let result = try MetaEM(configuration).train(collection, on: communicator)
      let digest = try result.design.writePosteriors(of: result.rule, collection: collection, to: nil, force: false)
      return (result, digest)
    }
  }

  /// Trains alone.
  package func result(_ configuration: Configuration) throws -> MetaEM.Result { try train(configuration)[0].result }

  /// The failure of a training.
  package func failure(_ configuration: Configuration) throws -> Failure? {
    do {
      _ = try result(configuration)
      return nil
    } catch let failure as Failure { return failure }
  }
}

extension Simulation {
  package static func of(
    _ scenario: SimulationScenario, groups: Int, covariates: Int, rows: Int = 3000, seed: UInt64 = 1
  ) throws -> Simulation {
    var parameters = SimulationParameters()
    parameters.scenario = scenario
    parameters.groups = groups
    parameters.covariates = covariates
    parameters.rows = rows
    parameters.seed = seed
    return try Simulation(parameters)
  }

  /// The accuracy of the rule that knows the coefficients: given x, T is normal about w_k'(x + f(x)) + 0.2 E[ε | x] with
  /// E[ε | x] = 0.1 Σ x (the covariates are independent) and the same variance in every group.
  package var bayesAccuracy: Double {
    let rows = rows(0..<parameters.rows)
    let m = parameters.covariates
    let right = rows.t.indices.count { row in
      let x = Array(rows.x[row * m..<(row + 1) * m])
      let shift = SimulationParameters.covariance * x.reduce(0, +)
      let gaps = (0..<parameters.groups).map {
        abs(rows.t[row] - parameters.confounding(of: $0) * shift - assignment($0, x))
      }
      return gaps.firstIndex(of: gaps.min()!) == rows.z[row]
    }
    return Double(right) / Double(parameters.rows)
  }
}

extension DistributionKind {
  /// The distributions of x and t alone.
  private static let ofTreatment = [DistributionKind.regression, .gaussian, .kmeans]
  package static let combinations: [(DistributionKind, RepresentationKind)] =
    ofTreatment.flatMap { distribution in RepresentationKind.allCases.map { (distribution, $0) } }
}

package func configuration(groups: Int, change: (inout Configuration) -> Void = { _ in }) -> Configuration {
  var configuration = Configuration(groups: groups)
  change(&configuration)
  return configuration
}
