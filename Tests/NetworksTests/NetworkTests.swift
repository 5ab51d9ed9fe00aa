import Foundation
import LinearAlgebra
import Networks
import Testing

@Suite struct NetworkTests {
  /// The output of one input through one layer of weight 1.
  static func apply(_ activation: Activation, to values: [Double]) -> [Double] {
    let network = Network(NetworkShape(inputs: 1, layers: [.dense(1, activation)]), parameters: [0, 1])
    var outputs = [Double](repeating: 0, count: values.count)
    values.withUnsafeBufferPointer { values in
      network.evaluate([values.baseAddress!], rowCount: values.count, into: &outputs, stride: values.count)
    }
    return outputs
  }

  @Test func `Activations are their formulas`() {
    let values = (-4000...4000).map { Double($0) / 97 } + [1e-9, -1e-300, 0, 1e5, -1e5]
    for (value, tanh) in zip(values, Self.apply(.tanh, to: values)) {
      #expect(abs(tanh - Foundation.tanh(value)) < 3e-16)
    }
    for (value, sigmoid) in zip(values, Self.apply(.sigmoid, to: values)) {
      #expect(abs(sigmoid - 1 / (1 + exp(-value))) < 3e-16)
    }
    for (value, elu) in zip(values, Self.apply(.elu, to: values)) {
      #expect(abs(elu - (value > 0 ? value : expm1(value))) < 3e-16)
    }
    #expect(Self.apply(.relu, to: values) == values.map { max($0, 0) })
    #expect(Self.apply(.leakyRelu(slope: 0.5), to: values) == values.map { $0 > 0 ? $0 : $0 / 2 })
  }

  @Test(arguments: [Activation.tanh, .sigmoid, .relu, .leakyRelu(), .elu, .identity])
  func `What is not a number stays so`(activation: Activation) {
    let outputs = Self.apply(activation, to: [1, .nan, 2])
    #expect(outputs[1].isNaN && !outputs[0].isNaN && !outputs[2].isNaN)
  }

  @Test func `Starts keep their bounds`() {
    let shape = NetworkShape(inputs: 24, layers: [.dense(50, .relu), .batchNormalization(), .dense(2)])
    let width = 25
    for (start, bound, constants) in [
      (WeightStart.kaiming, (6.0 / 24).squareRoot(), 0.0), (.xavier, (6.0 / 74).squareRoot(), 0),
      (.reciprocalRoot, 1 / 24.0.squareRoot(), 1 / 24.0.squareRoot()),
    ] {
      let network = Network(shape, start: start, seed: 1)
      let first = network.parameters.prefix(50 * width)
      let weights = first.enumerated().filter { $0.offset % width > 0 }.map(\.element)
      #expect(weights.allSatisfy { abs($0) <= bound })
      let meanSquare = weights.reduce(0) { $0 + $1 * $1 } / Double(weights.count)
      // The variance of a uniform number in ±bound, to four of its standard errors.
      #expect(abs(meanSquare / (bound * bound / 3) - 1) < 4 * 0.9 / Double(weights.count).squareRoot())
      #expect(first.enumerated().filter { $0.offset % width == 0 }.allSatisfy { abs($0.element) <= constants })
      #expect(network.parameters[1250..<1300].allSatisfy { $0 == 1 })
      #expect(network.parameters[1300..<1350].allSatisfy { $0 == 0 })
      #expect(network.parameters != Network(shape, start: start, seed: 1, index: 1).parameters)
      #expect(network == Network(shape, start: start, seed: 1))
    }
  }

  @Test func `A network survives storage`() throws {
    let shape = NetworkShape(
      inputs: 3, layers: [.dense(4, .leakyRelu(slope: 0.3)), .batchNormalization(.tanh), .dropout(0.5), .dense(1)])
    let network = Network(shape, start: .xavier, seed: 9)
    let copy = try JSONDecoder().decode(Network.self, from: JSONEncoder().encode(network))
    #expect(copy == network)
    #expect(copy.shape.parameterCount == 4 * 4 + 2 * 4 + 5)
  }

  @Test func `Adam's first step is the learning rate`() {
    var adam = Adam(parameterCount: 3, learningRate: 0.01)
    var parameters = [1.0, 2, 3]
    adam.update(&parameters, gradient: [5, -1e-3, 0])
    for (value, expected) in zip(parameters, [0.99, 2.01, 3]) { #expect(abs(value - expected) < 1e-6) }
    #expect(adam.stepCount == 1)
  }

  /// Under a constant gradient every u is 1: steps of η, and optimistically 2 η - 0, then 2 η - η.
  @Test func `Optimism takes back the step before`() {
    for (isOptimistic, distance) in [(false, 3.0), (true, 4)] {
      var adam = Adam(parameterCount: 1, learningRate: 0.5, epsilon: 0, isOptimistic: isOptimistic)
      var place = [0.0]
      for _ in 0..<3 { adam.update(&place, gradient: [7]) }
      #expect(abs(place[0] + 0.5 * distance) < 1e-13)
    }
  }
}
