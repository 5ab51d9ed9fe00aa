import Communication
import Diagnostics
import Foundation
import LinearAlgebra
import Networks
import Testing

@Suite struct TrainerTests {
  static func trainer(batchSize: Int, learningRate: Double) -> Trainer {
    let count = LeastSquaresProblem.shape.parameterCount
    return Trainer(
      parameters: Array(repeating: 0, count: count), optimizer: Adam(parameterCount: count, learningRate: learningRate),
      batchSize: batchSize, seed: 6)
  }

  /// The weighted least squares of all rows by their normal equations, and the mean loss there.
  static func leastSquares() throws -> (coefficients: [Double], loss: Double) {
    let count = 1 + LeastSquaresProblem.inputCount
    var gram = Matrix(rows: count, columns: count)
    var right = Array(repeating: 0.0, count: count)
    for row in LeastSquaresProblem.values {
      let c = [1] + row.prefix(count - 1)
      for i in 0..<count {
        right[i] += row[count] * c[i] * row[count - 1]
        for j in 0..<count { gram[i, j] += row[count] * c[i] * c[j] }
      }
    }
    let coefficients = try Cholesky(gram).solve(right)
    let loss = LeastSquaresProblem.values.reduce(0) { sum, row in
      let fitted = zip([1] + row.prefix(count - 1), coefficients).reduce(0) { $0 + $1.0 * $1.1 }
      return sum + row[count] * (row[count - 1] - fitted) * (row[count - 1] - fitted)
    }
    return (coefficients, loss / Double(LeastSquaresProblem.rowCount))
  }

  @Test func `A linear network on all rows converges to least squares`() throws {
    let problem = LeastSquaresProblem(on: SoloCommunicator())
    var trainer = Self.trainer(batchSize: LeastSquaresProblem.rowCount, learningRate: 0.1)
    _ = try trainer.train(problem, steps: 700)
    let loss = try trainer.train(problem, steps: 10)
    let expected = try Self.leastSquares()
    for (value, coefficient) in zip(trainer.parameters, expected.coefficients) {
      #expect(abs(value - coefficient) < 1e-11)
    }
    #expect(abs(loss - expected.loss) < 1e-12)
  }

  @Test func `Minibatches lead near least squares, to the spread of their own`() throws {
    let problem = LeastSquaresProblem(on: SoloCommunicator())
    var trainer = Self.trainer(batchSize: 300, learningRate: 0.05)
    _ = try trainer.train(problem, steps: 300)
    trainer.optimizer.learningRate = 1e-3
    _ = try trainer.train(problem, steps: 300)
    let expected = try Self.leastSquares().coefficients
    for (value, coefficient) in zip(trainer.parameters, expected) { #expect(abs(value - coefficient) < 0.03) }
  }

  /// Steps that ranks share, and steps that one rank takes for all.
  @Test(arguments: [1, 1000]) func `Training has the same bits on 1, 2, 3 and 8 ranks`(sharedBlockCount: Int) throws {
    let results = try [1, 2, 3, 8].map { ranks in
      try LoopbackCommunicator.run(ranks: ranks) { communicator in
        let problem = LeastSquaresProblem(
          on: communicator, sharedBlockCount: sharedBlockCount)
        var trainer = Self.trainer(batchSize: 700, learningRate: 0.02)
        let losses = try (0..<2).map { _ in try trainer.train(problem, steps: 12) }
        return losses + trainer.parameters
      }
    }
    #expect(Set(results.joined()).count == 1)
    #expect(results[0][0].allSatisfy { $0 != 0 && $0.isFinite })
  }

  @Test func `Sharing the steps changes no bit`() throws {
    let trained = try [1, 1000].map { sharedBlockCount in
      var trainer = Self.trainer(batchSize: 700, learningRate: 0.02)
      let problem = LeastSquaresProblem(
        on: SoloCommunicator(), sharedBlockCount: sharedBlockCount)
      return try [trainer.train(problem, steps: 12)] + trainer.parameters
    }
    #expect(trained[0] == trained[1])
  }

  @Test(arguments: [1, 2]) func `A trainer that was stored goes on to the same bits`(ranks: Int) throws {
    let results = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let problem = LeastSquaresProblem(on: communicator)
      var whole = Self.trainer(batchSize: 300, learningRate: 0.02)
      let start = whole.parameters
      _ = try whole.train(problem, steps: 20)
      var part = Self.trainer(batchSize: 300, learningRate: 0.02)
      _ = try part.train(problem, steps: 7)
      let stored = try JSONEncoder().encode(part)
      let parameters = part.parameters
      _ = try part.train(problem, steps: 1)
      var restored = try JSONDecoder().decode(Trainer.self, from: stored)
      #expect(restored.parameters == parameters && parameters != start && part.parameters != parameters)
      _ = try restored.train(problem, steps: 13)
      #expect(restored.optimizer == whole.optimizer && restored.stepCount == 20)
      return [whole.parameters, restored.parameters]
    }
    for result in results { #expect(result[0] == result[1] && result == results[0]) }
  }

  @Test func `A loss that is not finite leaves all as it was, but for the minibatches to come`() throws {
    let problem = LeastSquaresProblem(on: SoloCommunicator())
    var trainer = Self.trainer(batchSize: 300, learningRate: 1e200)
    let before = trainer
    #expect(try trainer.train(problem, steps: 5) == .infinity)
    #expect(trainer.parameters == before.parameters && trainer.optimizer == before.optimizer)
    #expect(trainer.stepCount == 5)
    trainer.optimizer.learningRate = 0.01
    var other = before
    other.optimizer.learningRate = 0.01
    let losses = try (trainer.train(problem, steps: 1), other.train(problem, steps: 1))
    #expect(losses.0.isFinite && losses.0 != losses.1)
  }

  @Test(arguments: [1, 3]) func `Rows that cannot be read end training on all ranks and change nothing`(ranks: Int)
    throws
  {
    let results = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let problem = UnreadableProblem(
        rows: DistributedRows(rowCount: LeastSquaresProblem.rowCount, communicator: communicator))
      var trainer = Self.trainer(batchSize: 300, learningRate: 0.1)
      let error = #expect(throws: Failure.self) { _ = try trainer.train(problem, steps: 2) }
      return (error?.message ?? "", trainer.stepCount)
    }
    for (message, steps) in results { #expect(message == "chunk 1 is torn" && steps == 0) }
  }

  @Test func `An epoch of steps sees every row once`() throws {
    let problem = CountingProblem(rowCount: 1200)
    var trainer = Trainer(parameters: [0], averages: [0], optimizer: Adam(parameterCount: 1), batchSize: 400, seed: 3)
    _ = try trainer.train(problem, steps: 6)
    #expect(problem.counts == Array(repeating: 2, count: 1200))
    #expect(problem.steps == [0, 1, 2, 3, 4, 5] && trainer.averages == [6])
  }
}

/// Rows of which a chunk cannot be read.
private struct UnreadableProblem: TrainingProblem {
  let rows: DistributedRows
  let rowWidth = 1

  func rowCopy(chunk: Int) throws -> MinibatchWindow.RowCopy {
    guard chunk != 1 else { throw Failure(.data, "chunk 1 is torn") }
    return { _, values in values[0] = 0 }
  }

  func lossGradient(
    of minibatch: Minibatch, parameters: [Double], averages: inout [Double]
  ) throws -> LossGradient {
    LossGradient(parameterCount: parameters.count)
  }
}

/// Counts the rows that it sees, and its steps in an average.
private final class CountingProblem: TrainingProblem {
  let rows: DistributedRows
  let rowWidth = 1
  private(set) var counts: [Int]
  private(set) var steps: [Int] = []

  init(rowCount: Int) {
    rows = DistributedRows(rowCount: rowCount, communicator: SoloCommunicator())
    counts = Array(repeating: 0, count: rowCount)
  }

  func rowCopy(chunk: Int) throws -> MinibatchWindow.RowCopy { { row, values in values[0] = Double(row) } }

  func lossGradient(
    of minibatch: Minibatch, parameters: [Double], averages: inout [Double]
  ) throws -> LossGradient {
    var values = [Double](repeating: 0, count: NetworkBlock.stride)
    for block in minibatch.blocks.local {
      let count = minibatch.copy(0..<1, ofBlock: block, to: &values)
      #expect(values.prefix(count).map { Int($0) } == Array(minibatch.rows(ofBlock: block)))
      for value in values.prefix(count) { counts[Int(value)] += 1 }
    }
    steps.append(minibatch.step)
    averages[0] += 1
    return LossGradient(parameterCount: parameters.count)
  }
}
