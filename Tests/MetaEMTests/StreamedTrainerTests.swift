import Communication
import Frames
import LinearAlgebra
import MetaEM
import Shards
import TestSupport
import Testing

/// Training on rows that are read anew for every window of minibatches: the bits of rows in memory.
@Suite struct StreamedTrainerTests {
  private static let rowCount = 30 * RowGrid.defaultChunkLength + 10

  /// A shard of rows with weights.
  private static func write(to path: String) throws {
    let random = CounterRandom(seed: 17, stream: .test)
    let writer = try ShardWriter(
      path: path, header: ShardHeader(covariateNames: ["a", "b"]), roles: [.covariate, .treatment, .weight],
      force: false)
    try writer.append(
      ShardBlock(
        covariates: (0..<2 * rowCount).map { random.normal(row: $0 / 2, draw: $0 % 2) },
        treatment: (0..<rowCount).map { random.normal(row: $0, draw: 2) },
        weight: (0..<rowCount).map { random.uniform(row: $0, draw: 3) }))
    _ = try writer.finish()
  }

  /// The losses of two rounds, then the parameters.
  private static func train(
    _ collection: ShardCollection, batchSize: Int, _ storage: FrameStorage, on communicator: any Communicator
  ) throws -> [Double] {
    let rows = DistributedRows(rowCount: collection.rowCount, communicator: communicator)
    let table = try Frame.load(collection, rows: rows, roles: [.covariate, .treatment, .weight], storage: storage)
    var settings = RepresentationTrainer.Settings()
    settings.batchSize = batchSize
    settings.steps = 5
    var trainer = try RepresentationTrainer(
      encoder: .dense(covariateScales: [1, 1], dimension: 2), groupCount: 2, table: table, settings: settings)
    let weights: [Double] = rows.localRows.flatMap { row in row % 3 == 0 ? [1, 0] : [0.25, 0.75] }
    let losses = try (0..<2).map { _ in try trainer.train(on: table, weights: weights) }
    return losses + trainer.parameters + trainer.representation.scales
  }

  /// Batches that take rows of few chunks, of most, and of all.
  @Test(arguments: [2, 20, 400]) func `Rows read anew give the bits of rows in memory`(batchSize: Int) throws {
    try withTemporaryDirectory { folder in
      let path = folder.appendingPathComponent("rows.h5").path
      try Self.write(to: path)
      let collection = try ShardCollection.open([path])
      let memory = try Self.train(collection, batchSize: batchSize, .memory, on: SoloCommunicator())
      for ranks in 1...3 {
        // Windows of four chunks.
        let streamed = try LoopbackCommunicator.run(ranks: ranks) { communicator in
          try Self.train(
            collection, batchSize: batchSize, .stream(windowBytes: 4 * 4 * 8 * RowGrid.defaultChunkLength),
            on: communicator)
        }
        #expect(streamed.allSatisfy { $0 == memory })
      }
    }
  }
}
