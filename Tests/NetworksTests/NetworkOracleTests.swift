import Communication
import LinearAlgebra
import Networks
import Testing

/// Same weights, rows and masks as PyTorch: outputs, losses, gradients, optimiser steps and running averages.
@Suite struct NetworkOracleTests {
  static let cases: [(String, Loss)] = [
    ("activations", .squared), ("optimistic", .squared), ("shared", .squared),
    ("mixtureDensity", .mixtureDensity(components: 3)), ("softmax", .softmax),
  ]

  static func difference(_ actual: [Double], _ expected: [Double]) -> Double {
    guard actual.count == expected.count else { return .infinity }
    return zip(actual, expected).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? 0
  }

  @Test(arguments: cases) func `Training is PyTorch's`(name: String, loss: Loss) throws {
    BLAS.pinThreads()
    let fixture = try NetworkFixture.named(name)
    let records = try fixture.train(loss: loss, on: SoloCommunicator())
    for (step, (record, expected)) in zip(records, fixture.steps).enumerated() {
      #expect(abs(record.loss - expected.loss) < 1e-11 * max(1, abs(expected.loss)), "step \(step)")
      #expect(Self.difference(record.gradient, expected.gradient) < 1e-11, "step \(step)")
      #expect(Self.difference(record.parameters, expected.parameters) < 1e-10, "step \(step)")
      #expect(Self.difference(record.network.runningMeans, expected.runningMeans) < 1e-11)
      #expect(Self.difference(record.network.runningVariances, expected.runningVariances) < 1e-11)
    }
    let rows = fixture.x.indices
    let outputs = rows.flatMap { records[0].outputs[$0]! }
    #expect(Self.difference(outputs, fixture.steps[0].outputs!.flatMap { $0 }) < 1e-12)
    let gradients = rows.flatMap { records[0].inputGradients[$0]! }
    #expect(Self.difference(gradients, fixture.steps[0].inputGradient!.flatMap { $0 }) < 1e-12)
  }

  @Test(arguments: cases) func `Use after training is PyTorch's`(name: String, loss: Loss) throws {
    let fixture = try NetworkFixture.named(name)
    let network = try fixture.train(loss: loss, on: SoloCommunicator()).last!.network
    let columns = fixture.x[0].indices.map { j in fixture.x.map { $0[j] } }
    var outputs = [Double](repeating: 0, count: network.shape.outputCount * fixture.x.count)
    let buffers = columns.map { column in
      let buffer = AlignedBuffer(count: column.count)
      for (i, value) in column.enumerated() { buffer[i] = value }
      return buffer
    }
    network.evaluate(
      buffers.map { UnsafePointer($0.pointer) }, rowCount: fixture.x.count, into: &outputs, stride: fixture.x.count)
    withExtendedLifetime(buffers) {}
    let expected =
      network.shape.outputCount == 0
      ? []
      : (0..<network.shape.outputCount).flatMap { j in
        fixture.evaluation.map { $0[j] }
      }
    #expect(Self.difference(outputs, expected) < 1e-10)
  }

  @Test(arguments: cases) func `Training does not depend on the number of ranks`(name: String, loss: Loss) throws {
    let fixture = try NetworkFixture.named(name)
    let alone = try fixture.train(loss: loss, on: SoloCommunicator())
    for ranks in [2, 3, 5] {
      let records = try LoopbackCommunicator.run(ranks: ranks) { try fixture.train(loss: loss, on: $0) }
      for (step, expected) in alone.enumerated() {
        for rank in 0..<ranks {
          #expect(records[rank][step].loss == expected.loss)
          #expect(records[rank][step].gradient == expected.gradient)
          #expect(records[rank][step].network == expected.network)
        }
        let outputs = records.reduce(into: [:]) { $0.merge($1[step].outputs) { first, _ in first } }
        #expect(outputs == expected.outputs)
      }
    }
  }
}
