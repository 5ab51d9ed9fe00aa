import Communication
import Diagnostics
import Features
import Foundation
import Frames
import LinearAlgebra
import MetaEM
import TestSupport
import Testing

@Suite struct RepresentationTrainerTests {
  /// `metaEM` of Tests/OracleFixtures/networks.json, by PyTorch.
  struct Fixture: Decodable {
    struct Training: Decodable {
      let x: [[Double]]
      let t: [Double]
      let weights: [Double]
      let posteriors: [[Double]]
      let lambda: Double
      let learningRate: Double
      let start: [Double]
      let losses: [Double]
      let parameters: [Double]
      let features: [[Double]]
    }
    let metaEM: Training
  }

  @Test func `Steps on Eq. (4) are PyTorch's`() throws {
    let file = packageDirectory.appendingPathComponent("Tests/OracleFixtures/networks.json")
    let expected = try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: file)).metaEM
    let columns = expected.x[0].indices.map { j in expected.x.map { $0[j] } }
    let table = try Frame(
      rows: DistributedRows(rowCount: expected.t.count, communicator: SoloCommunicator()), covariates: columns,
      treatment: expected.t, weight: expected.weights)
    var settings = RepresentationTrainer.Settings()
    settings.lambda = expected.lambda
    settings.learningRate = expected.learningRate
    settings.batchSize = expected.t.count
    settings.steps = 1
    var trainer = try RepresentationTrainer(
      encoder: .dense(covariateScales: columns.map { _ in 1 }, dimension: expected.features[0].count),
      groupCount: expected.posteriors[0].count, table: table, settings: settings)
    trainer.parameters = expected.start
    for loss in expected.losses {
      let found = try trainer.train(on: table, weights: expected.posteriors.flatMap { $0 })
      #expect(abs(found - loss) < 1e-11 * loss)
    }
    for (value, parameter) in zip(trainer.parameters, expected.parameters) { #expect(abs(value - parameter) < 1e-10) }
    #expect(trainer.parameters.count == expected.parameters.count)
    let features = NetworkRepresentationTests.features(trainer.representation, of: columns)
    for (row, values) in expected.features.enumerated() {
      for (j, value) in values.enumerated() { #expect(abs(features[j][row] - value) < 1e-9) }
    }
  }

  // MARK: Two groups with curved effects of three covariates

  static let rowCount = 2300
  static let labels = (0..<rowCount).map { ($0 * 7919) % 2 }
  static let covariates = Array(NetworkRepresentationTests.columns(3))
  static let treatment = (0..<rowCount).map { row in
    let shape = (0..<3).map { sin(2 * covariates[$0][row]) }
    return labels[row] == 0 ? shape[0] + shape[1] : shape[2] - shape[0]
  }

  static func table(on communicator: any Communicator) throws -> Frame {
    try Frame(
      rows: DistributedRows(rowCount: rowCount, communicator: communicator), covariates: covariates,
      treatment: treatment)
  }

  static func weights(of table: Frame) -> [Double] {
    table.rows.localRows.flatMap { labels[$0] == 0 ? [1.0, 0] : [0, 1] }
  }

  static func train(rounds: Int, on communicator: any Communicator, _ encoder: NetworkEncoder) throws
    -> (trainer: RepresentationTrainer, losses: [Double])
  {
    let table = try table(on: communicator)
    var settings = RepresentationTrainer.Settings()
    settings.learningRate = 1e-2
    settings.lambda = 0.01
    settings.steps = 150
    var trainer = try RepresentationTrainer(encoder: encoder, groupCount: 2, table: table, settings: settings)
    let losses = try (0..<rounds).map { _ in try trainer.train(on: table, weights: weights(of: table)) }
    return (trainer, losses)
  }

  static let encoders: [NetworkEncoder] = [
    .dense(covariateScales: [1, 1, 1], dimension: 3),
    .mixed(covariateNames: ["a", "b", "c"], covariateScales: [1, 1, 1]),
    .dense(
      covariateScales: [1, 1, 1], dimension: 3,
      skip: .init(.identity(IdentityBasis(covariateNames: ["a", "b", "c"])))),
    .mixed(covariateNames: ["a", "b", "c"], covariateScales: [1, 2, 1], featureCounts: [2, 1, 1]),
  ]

  @Test(arguments: [0, 1, 2, 3]) func `Training finds curved effects`(encoder: Int) throws {
    let losses = try Self.train(rounds: 5, on: SoloCommunicator(), Self.encoders[encoder]).losses
    let variance = Self.treatment.reduce(0) { $0 + $1 * $1 } / Double(Self.rowCount)
    #expect(losses[0] > losses[4])
    #expect(losses[4] < 0.2 * variance)
  }

  @Test(arguments: [0, 1, 2, 3]) func `Training does not depend on the number of ranks`(encoder: Int) throws {
    let alone = try Self.train(rounds: 1, on: SoloCommunicator(), Self.encoders[encoder])
    for ranks in [2, 3, 5] {
      let results = try LoopbackCommunicator.run(ranks: ranks) { communicator in
        try Self.train(rounds: 1, on: communicator, Self.encoders[encoder])
      }
      for (trainer, losses) in results {
        #expect(losses == alone.losses)
        #expect(trainer.parameters == alone.trainer.parameters)
        #expect(trainer.representation.centers == alone.trainer.representation.centers)
        #expect(trainer.representation.scales == alone.trainer.representation.scales)
      }
    }
  }

  /// Minibatches of 40 blocks, which ranks share.
  @Test func `Minibatches that ranks share do not depend on their number`() throws {
    let rowCount = 5000
    let random = CounterRandom(seed: 16, stream: .test)
    let columns = (0..<3).map { j in (0..<rowCount).map { random.normal(row: $0, draw: j) } }
    let results = try [1, 2, 3].map { ranks in
      try LoopbackCommunicator.run(ranks: ranks) { communicator in
        let table = try Frame(
          rows: DistributedRows(rowCount: rowCount, communicator: communicator),
          covariates: Array(columns.dropLast()), treatment: columns[2])
        var settings = RepresentationTrainer.Settings()
        settings.batchSize = rowCount
        settings.steps = 4
        var trainer = try RepresentationTrainer(
          encoder: .dense(covariateScales: [1, 1], dimension: 2), groupCount: 2, table: table, settings: settings)
        let weights: [Double] = table.rows.localRows.flatMap { row in row % 3 == 0 ? [1, 0] : [0.25, 0.75] }
        let loss = try trainer.train(on: table, weights: weights)
        return [loss] + trainer.parameters
      }
    }
    #expect(Set(results.joined()).count == 1)
  }

  /// A stored trainer goes on as if nothing had happened; a copy is unmoved by what comes after it.
  @Test func `A trainer that was stored goes on`() throws {
    let table = try Self.table(on: SoloCommunicator())
    let weights = Self.weights(of: table)
    var trainer = try Self.train(rounds: 1, on: SoloCommunicator(), Self.encoders[2]).trainer
    let copy = trainer
    let stored = try JSONEncoder().encode(trainer)
    let loss = try trainer.train(on: table, weights: weights)
    var restored = try JSONDecoder().decode(RepresentationTrainer.self, from: stored)
    #expect(restored.parameters == copy.parameters && copy.parameters != trainer.parameters)
    #expect(try restored.train(on: table, weights: weights) == loss)
    #expect(restored.parameters == trainer.parameters)
  }

  /// With a skip and the true coefficients on standardised covariates the treatment's loss is nothing from the start.
  @Test func `Heads set to the true coefficients leave no loss of the treatment`() throws {
    let coefficients = [[0.5, 1, -2, 0.3], [-1, 0.2, 0.7, -0.4]]
    let raw = Self.covariates.map { column in column.map { 3 * $0 + 5 } }
    let identity = Basis.identity(IdentityBasis(covariateNames: ["a", "b", "c"]))
    let encoder = NetworkEncoder.dense(covariateScales: [1, 1, 1], dimension: 3, skip: .init(identity))
    var settings = RepresentationTrainer.Settings()
    settings.lambda = 0
    settings.steps = 1
    let rows = DistributedRows(rowCount: Self.rowCount, communicator: SoloCommunicator())
    let first = try Frame(rows: rows, covariates: raw, treatment: Self.treatment)
    let features = NetworkRepresentationTests.features(
      try RepresentationTrainer(encoder: encoder, groupCount: 2, table: first, settings: settings).representation,
      of: raw)
    let treatment = (0..<Self.rowCount).map { row in
      let own = coefficients[Self.labels[row]]
      return (0..<3).reduce(own[0]) { $0 + own[1 + $1] * features[$1][row] }
    }
    let table = try Frame(rows: rows, covariates: raw, treatment: treatment)
    var trainer = try RepresentationTrainer(encoder: encoder, groupCount: 2, table: table, settings: settings)
    trainer.setHeads(coefficients)
    #expect(try trainer.train(on: table, weights: Self.weights(of: table)) < 1e-24)
  }

  /// Scales that are powers of two leave all bits: in the encoder, its skip, the decoder's targets and the treatment.
  @Test func `Columns in other units train as before`() throws {
    let factors = [8, 1, 0.25, 16.0]
    let identity = Basis.identity(IdentityBasis(covariateNames: ["a", "b", "c"]))
    let results = try [[1, 1, 1, 1], factors].map { scales in
      let table = try Frame(
        rows: DistributedRows(rowCount: Self.rowCount, communicator: SoloCommunicator()),
        covariates: zip(Self.covariates, scales).map { column, scale in column.map { $0 * scale } },
        treatment: Self.treatment.map { $0 * scales[3] })
      let covariateScales = Array(scales.dropLast())
      var settings = RepresentationTrainer.Settings()
      settings.treatmentScale = scales[3]
      settings.steps = 30
      var trainer = try RepresentationTrainer(
        encoder: .dense(
          covariateScales: covariateScales, dimension: 3, skip: .init(identity, scales: covariateScales)),
        groupCount: 2, table: table, settings: settings)
      trainer.setHeads([[0.5, 1, -2, 0.3], [-1, 0.2, 0.7, -0.4]].map { $0.map { $0 * scales[3] } })
      let loss = try trainer.train(on: table, weights: Self.weights(of: table))
      return [loss] + trainer.parameters
    }
    #expect(results[0] == results[1])
  }

  /// What a round did to encoder and heads goes, what it did to the decoder stays, and the next round is another.
  @Test func `A round that is undone leaves its decoder`() throws {
    let table = try Self.table(on: SoloCommunicator())
    let weights = Self.weights(of: table)
    let before = try Self.train(rounds: 1, on: SoloCommunicator(), Self.encoders[2]).trainer
    var trained = before
    let loss = try trained.train(on: table, weights: weights)
    var undone = trained
    undone.undo(to: before, learningRate: 5e-3)
    let kept = before.encoder.parameterCount + 2 * 4
    #expect(undone.parameters.prefix(kept) == before.parameters.prefix(kept))
    #expect(undone.parameters.suffix(10) == trained.parameters.suffix(10))
    #expect(undone.parameters.suffix(10) != before.parameters.suffix(10))
    #expect(undone.representation.scales == before.representation.scales)
    #expect(undone.stepCount == trained.stepCount && undone.learningRate == 5e-3)
    #expect(try undone.train(on: table, weights: weights) != loss)
  }

  /// Weights of 0 take rows out: the same as another treatment there.
  @Test func `Replaced columns stand in for those of the table`() throws {
    let table = try Self.table(on: SoloCommunicator())
    let other = Self.treatment.enumerated().map { $0.offset < 500 ? 100 : $0.element }
    let changed = try Frame(rows: table.rows, covariates: Self.covariates, treatment: other)
    func column(_ value: (Int) -> Double) -> RowColumn {
      RowColumn(rows: table.rows) { chunk, values in
        for (offset, row) in table.rows.grid.rows(ofChunk: chunk).enumerated() { values[offset] = value(row) }
      }
    }
    let without = column { $0 < 500 ? 0 : 1 }
    let losses = try [
      (table, RowReplacement(weight: without)), (changed, RowReplacement(weight: without)),
      (changed, RowReplacement(treatment: column { Self.treatment[$0] }, weight: without)),
      (table, RowReplacement()), (changed, RowReplacement(treatment: column { Self.treatment[$0] })),
      (changed, RowReplacement()),
    ].map { table, replacement in
      var trainer = try RepresentationTrainer(encoder: Self.encoders[0], groupCount: 2, table: table)
      return try trainer.train(on: table, weights: Self.weights(of: table), replacement: replacement)
    }
    #expect(losses[0] == losses[1] && losses[1] == losses[2] && losses[3] == losses[4])
    #expect(losses[0] != losses[3] && losses[3] != losses[5])
  }

  @Test func `A loss that is not finite leaves the networks as they were`() throws {
    let table = try Self.table(on: SoloCommunicator())
    var settings = RepresentationTrainer.Settings()
    settings.learningRate = 1e200
    var trainer = try RepresentationTrainer(
      encoder: Self.encoders[0], groupCount: 2, table: table, settings: settings)
    let before = trainer
    #expect(try trainer.train(on: table, weights: Self.weights(of: table)) == .infinity)
    #expect(trainer.parameters == before.parameters)
    #expect(trainer.representation.parameters == before.representation.parameters)
    // The next round has other minibatches.
    #expect(trainer.stepCount == settings.steps)
  }
}
