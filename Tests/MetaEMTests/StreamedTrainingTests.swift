import Communication
import Foundation
import Frames
import LinearAlgebra
import MetaEM
import Mixture
import ModelTestSupport
import Shards
import TestSupport
import Testing

/// Training on rows that are read anew in every pass: the bits of rows in memory.
@Suite struct StreamedTrainingTests {
  /// More rows than starts are tried on.
  private static let rowCount = 100 * RowGrid.defaultChunkLength + 100

  private static func configuration(
    _ distribution: DistributionKind, _ representation: RepresentationKind, change: (inout Configuration) -> Void
  ) -> Configuration {
    var configuration = Configuration(groups: 2)
    configuration.distribution = distribution
    configuration.representation = representation
    configuration.starts = 2
    configuration.maximumIterations = 3
    change(&configuration)
    return configuration
  }

  private static let configurations = [
    configuration(.regression, .spline) { _ in },
    configuration(.regression, .polynomial) { $0.standardize = true },
    configuration(.gaussian, .identity) {
      $0.weights = .sampling
      $0.labels = .sampled
    },
    configuration(.gaussian, .identity) { $0.gaussianStart = .kmeansPlusPlus },
    configuration(.regression, .network) {
      $0.alternation.rounds = 1
      $0.alternation.steps = 2
    },
    configuration(.kmeans, .identity) {
      $0.standardize = true
      $0.weights = .sampling
    },
  ]

  private static func write(to folder: URL) throws -> [String] {
    let rows = TestRows(rowCount: rowCount, covariateCount: 2, groups: 2, seed: 5)
    let random = CounterRandom(seed: 6, stream: .test)
    let cuts = [0, 40_000, 40_001, rowCount]
    return try (0..<3).map { file in
      let path = folder.appendingPathComponent("part-\(file).h5").path
      let range = cuts[file]..<cuts[file + 1]
      let writer = try ShardWriter(
        path: path, header: ShardHeader(covariateNames: ["a", "b"]),
        roles: [.covariate, .treatment, .weight, .source], force: false)
      try writer.append(
        ShardBlock(
          covariates: range.flatMap { row in rows.covariates.map { $0[row] } },
          treatment: Array(rows.treatment[range]), source: range.map { Int64(rows.groups[$0]) },
          weight: range.map { random.uniform(row: $0, draw: 0) }))
      _ = try writer.finish()
      return path
    }
  }

  private struct Digests: Equatable, Sendable {
    let input: String
    let model: String
    let posteriors: String
    let accuracy: Double?
    let predicted: String
  }

  private static func digests(
    _ configuration: Configuration, _ collection: ShardCollection, storage: FrameStorage,
    on communicator: any Communicator
  ) throws -> Digests {
    var metaEM = MetaEM(configuration)
    metaEM.storage = storage
    let result = try metaEM.train(collection, on: communicator)
    let prediction = try result.model.predict(
      collection, labelRule: .argmax, seed: 1, storage: storage, on: communicator)
    return Digests(
      input: result.design.table.digest, model: try result.model.digest(),
      posteriors: try result.design.writePosteriors(of: result.rule, collection: collection, to: nil, force: false),
      accuracy: result.agreement?.accuracy,
      predicted: try prediction.design.writePosteriors(
        of: prediction.rule, collection: collection, to: nil, force: false))
  }

  @Test(arguments: configurations) func `digests of streamed rows are those of rows in memory`(
    configuration: Configuration
  ) throws {
    try withTemporaryDirectory { folder in
      let collection = try ShardCollection.open(try Self.write(to: folder))
      let memory = try Self.digests(configuration, collection, storage: .memory, on: SoloCommunicator())
      for ranks in 1...3 {
        // Windows of seven chunks; on one rank, as many single chunks are kept of the 96 that starts are tried on.
        let streamed = try LoopbackCommunicator.run(ranks: ranks) { communicator in
          try Self.digests(
            configuration, collection, storage: .stream(windowBytes: 7 * 4 * 8 * RowGrid.defaultChunkLength),
            on: communicator)
        }
        #expect(streamed.allSatisfy { $0 == memory })
      }
    }
  }
}
