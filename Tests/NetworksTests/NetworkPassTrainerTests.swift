import Communication
import Networks
import Testing

/// Networks whose rows meet in a step, by batch normalisation, and are dropped from, trained like any other.
@Suite struct NetworkPassTrainerTests {
  private static func train(
    _ fixture: NetworkFixture, sharedBlockCount: Int, on communicator: any Communicator
  ) throws -> (losses: [Double], network: Network) {
    let problem = FixtureProblem(fixture, sharedBlockCount: sharedBlockCount, on: communicator)
    let start = Network(fixture.shape, parameters: fixture.start)
    var trainer = Trainer(
      parameters: start.parameters, averages: start.averages, optimizer: fixture.adam, batchSize: fixture.x.count,
      seed: 1)
    let losses = try fixture.steps.map { _ in try trainer.train(problem, steps: 1) }
    return (losses, Network(fixture.shape, parameters: trainer.parameters, averages: trainer.averages))
  }

  @Test(arguments: ["shared", "activations"]) func `The trainer's steps are PyTorch's`(name: String) throws {
    let fixture = try NetworkFixture.named(name)
    let (losses, network) = try Self.train(fixture, sharedBlockCount: 32, on: SoloCommunicator())
    let expected = fixture.steps.last!
    #expect(NetworkOracleTests.difference(losses, fixture.steps.map(\.loss)) < 1e-10)
    #expect(NetworkOracleTests.difference(network.parameters, expected.parameters) < 1e-9)
    #expect(NetworkOracleTests.difference(network.runningMeans, expected.runningMeans) < 1e-10)
    #expect(NetworkOracleTests.difference(network.runningVariances, expected.runningVariances) < 1e-10)
  }

  @Test(arguments: [1, 1000]) func `Normalised networks have the same bits on 1, 2, 3 and 8 ranks`(
    sharedBlockCount: Int
  ) throws {
    let fixture = try NetworkFixture.named("shared")
    let alone = try Self.train(fixture, sharedBlockCount: sharedBlockCount, on: SoloCommunicator())
    for ranks in [2, 3, 8] {
      let results = try LoopbackCommunicator.run(ranks: ranks) {
        try Self.train(fixture, sharedBlockCount: sharedBlockCount, on: $0)
      }
      for result in results { #expect(result.losses == alone.losses && result.network == alone.network) }
    }
  }
}

/// The mean loss of a fixture's network on its rows.
private final class FixtureProblem: TrainingProblem {
  let rows: DistributedRows
  let sharedBlockCount: Int
  private let fixture: NetworkFixture
  private var pass: NetworkPass?

  init(_ fixture: NetworkFixture, sharedBlockCount: Int, on communicator: any Communicator) {
    self.fixture = fixture
    self.sharedBlockCount = sharedBlockCount
    rows = DistributedRows(rowCount: fixture.x.count, communicator: communicator)
  }

  private var inputCount: Int { fixture.shape.inputCount }
  private var targetCount: Int { fixture.shape.outputCount }
  /// x, the targets, the weight, and the number by which dropout knows the row.
  var rowWidth: Int { inputCount + targetCount + 2 }

  func rowCopy(chunk: Int) throws -> MinibatchWindow.RowCopy {
    { [fixture] row, values in
      let all = fixture.x[row] + fixture.targets[row] + [fixture.weights[row], Double(fixture.rowIdentifiers[row])]
      for (j, value) in all.enumerated() { values[j] = value }
    }
  }

  func lossGradient(
    of minibatch: Minibatch, parameters: [Double], averages: inout [Double]
  ) throws -> LossGradient {
    let pass = pass ?? NetworkPass(fixture.shape, over: minibatch.blocks)
    self.pass = pass
    let stride = NetworkBlock.stride
    var others = minibatch.blocks.local.map { _ in [Double](repeating: 0, count: (targetCount + 2) * stride) }
    for (place, block) in minibatch.blocks.local.enumerated() {
      let count = minibatch.copy(0..<inputCount, ofBlock: block, to: pass[block].input)
      minibatch.copy(inputCount..<rowWidth, ofBlock: block, to: &others[place])
      pass[block].rowIdentifiers = others[place].suffix(stride).prefix(count).map { Int($0) }
    }
    var network = Network(fixture.shape, parameters: parameters, averages: averages)
    try pass.forward(&network, mask: DropoutMask(seed: fixture.seed, step: minibatch.step))
    let losses = zip(minibatch.blocks.local, others).map { block, columns in
      Loss.squared.evaluate(
        pass[block], outputCount: targetCount, targets: columns, stride: stride,
        weights: Array(columns[(targetCount * stride)...]), scale: 1 / Double(minibatch.rowCount))
    }
    averages = network.averages
    return try pass.backward(network, losses: losses)
  }
}
