import Foundation
import LinearAlgebra
import Testing

/// A dense layer on random rows, and its three products.
private struct LayerProblem {
  struct Products: Equatable {
    /// [row][feature], without the padding.
    var outputs: [[Double]]
    var inputGradient: [[Double]]
    /// [output][1 + input], added to 1.
    var gradient: [[Double]]
  }

  let inputCount: Int
  let outputCount: Int
  let rowCount: Int
  /// [output][1 + input]
  let weights: [[Double]]
  /// [row][1 + input] and [row][output]
  let inputs: [[Double]]
  let outputGradient: [[Double]]

  init(inputs inputCount: Int, outputs outputCount: Int, rows: Int) {
    var random = TestRandom(state: UInt64(1000 * inputCount + 10 * outputCount + rows))
    (self.inputCount, self.outputCount, rowCount) = (inputCount, outputCount, rows)
    weights = (0..<outputCount).map { _ in random.doubles(1 + inputCount, in: -1...1) }
    inputs = (0..<rows).map { _ in [1] + random.doubles(inputCount, in: -1...1) }
    outputGradient = (0..<rows).map { _ in random.doubles(outputCount, in: -1...1) }
  }

  /// By the kernel in use; the padding rows of what it reads hold no numbers.
  func products() -> Products {
    let stride = Kernel.paddedCount(rowCount) + Kernel.lanes
    let layer = Kernel.Layer(inputs: inputCount, outputs: outputCount, rowCount: rowCount, stride: stride)
    func columns(_ rows: [[Double]]) -> AlignedBuffer {
      let buffer = AlignedBuffer(count: rows[0].count * stride)
      buffer.pointer.update(repeating: .nan, count: buffer.count)
      for (i, row) in rows.enumerated() {
        for (j, value) in row.enumerated() { buffer[j * stride + i] = value }
      }
      return buffer
    }
    func rows(_ columns: AlignedBuffer, count: Int) -> [[Double]] {
      (0..<rowCount).map { i in (0..<count).map { columns[$0 * stride + i] } }
    }
    let (x, g, w) = (columns(inputs), columns(outputGradient), weights.flatMap { $0 })
    let outputs = AlignedBuffer(count: outputCount * stride)
    let inputGradient = AlignedBuffer(count: inputCount * stride)
    var gradient = [Double](repeating: 1, count: w.count)
    layer.forward(weights: w, inputs: x.pointer, outputs: outputs.pointer)
    layer.propagate(weights: w, outputGradient: g.pointer, inputGradient: inputGradient.pointer)
    layer.addGradient(inputs: x.pointer, outputGradient: g.pointer, to: &gradient)
    return Products(
      outputs: rows(outputs, count: outputCount), inputGradient: rows(inputGradient, count: inputCount),
      gradient: (0..<outputCount).map { Array(gradient[$0 * (1 + inputCount)..<($0 + 1) * (1 + inputCount)]) })
  }

  /// By the definitions, with each sum of products taken by `sum` over features, or over rows by `sumOverRows`.
  func products(
    sum: ([Double], [Double]) -> Double, sumOverRows: ([Double], [Double]) -> Double
  ) -> Products {
    let columns = (0...inputCount).map { j in inputs.map { $0[j] } }
    let gradients = (0..<outputCount).map { o in outputGradient.map { $0[o] } }
    return Products(
      outputs: inputs.map { row in weights.map { sum($0, row) } },
      inputGradient: outputGradient.map { row in (1...inputCount).map { j in sum(weights.map { $0[j] }, row) } },
      gradient: gradients.map { own in columns.map { 1 + sumOverRows(own, $0) } })
  }
}

extension KernelTests {
  /// The products of dense layers, at shapes that fill no register tile and rows that fill no vector and no stretch.
  @Suite struct Layers {
    static let shapes = [(1, 1), (3, 5), (17, 16), (5, 16), (16, 17), (2, 7), (33, 13)]
    static let rowCounts = [1, 7, 64, 100, 255, 256, 263, 600]

    @Test(arguments: shapes)
    func `Products of a layer are what their definition says`(inputs: Int, outputs: Int) {
      func plain(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
      for rows in Self.rowCounts {
        let problem = LayerProblem(inputs: inputs, outputs: outputs, rows: rows)
        let (result, expected) = (problem.products(), problem.products(sum: plain, sumOverRows: plain))
        for part in [\LayerProblem.Products.outputs, \.inputGradient, \.gradient] {
          for (a, b) in zip(result[keyPath: part].joined(), expected[keyPath: part].joined()) {
            // Sums of up to 256 products below 1, each sum rounded.
            #expect(abs(a - b) <= 1e-13)
          }
        }
      }
    }

    /// Features are added in their order and rows in eight lanes that are folded by halves, all by fused multiply-adds:
    /// so every instruction set gives the same bits.
    @Test(arguments: KernelProblem.kernels, shapes)
    func `Sums of a layer run in one order`(kernel: String, shape: (inputs: Int, outputs: Int)) throws {
      defer { try? Kernel.select(nil) }
      try Kernel.select(kernel)
      func inOrder(_ a: [Double], _ b: [Double]) -> Double {
        zip(a, b).dropFirst().reduce(a[0] * b[0]) { fma($1.0, $1.1, $0) }
      }
      func inLanes(_ a: [Double], _ b: [Double]) -> Double {
        var lane = [Double](repeating: 0, count: 8)
        for i in a.indices { lane[i % 8] = fma(a[i], b[i], lane[i % 8]) }
        return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]))
      }
      for rows in Self.rowCounts {
        let problem = LayerProblem(inputs: shape.inputs, outputs: shape.outputs, rows: rows)
        #expect(problem.products() == problem.products(sum: inOrder, sumOverRows: inLanes))
      }
    }

    /// φ and φ' of two columns of 13 values, [outputs, gradients].
    private func activate(_ activation: Kernel.Activation, _ values: [Double]) -> [[Double]] {
      let layer = Kernel.Layer(inputs: 1, outputs: 2, rowCount: 13, stride: 24)
      let (outputs, gradients) = (AlignedBuffer(count: 48), AlignedBuffer(count: 48))
      gradients.pointer.update(repeating: 2, count: 48)
      for place in 0..<26 { outputs[place / 13 * 24 + place % 13] = values[place] }
      layer.activate(activation, outputs: outputs.pointer)
      layer.differentiate(activation, outputs: outputs.pointer, outputGradient: gradients.pointer)
      return [outputs, gradients].map { columns in (0..<26).map { columns[$0 / 13 * 24 + $0 % 13] } }
    }

    @Test(arguments: KernelProblem.kernels)
    func `Activations are their formulas`(kernel: String) throws {
      defer { try? Kernel.select(nil) }
      try Kernel.select(kernel)
      var random = TestRandom(state: 3)
      let values = random.doubles(20, in: -4...4) + [0, -1e-300, 800, -800, 1e-9, -1e-9]
      func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
      let cases: [(Kernel.Activation, (Double) -> Double, (Double) -> Double)] = [
        (.tanh, tanh, { 1 - tanh($0) * tanh($0) }),
        (.sigmoid, sigmoid, { sigmoid($0) * (1 - sigmoid($0)) }),
        (.rectifier(slope: 0), { max($0, 0) }, { $0 > 0 ? 1 : 0 }),
        (.exponentialLinear, { $0 > 0 ? $0 : expm1($0) }, { $0 > 0 ? 1 : exp($0) }),
        (.rectifier(slope: 0.25), { $0 > 0 ? $0 : $0 / 4 }, { $0 > 0 ? 1 : 0.25 }),
      ]
      for (activation, function, derivative) in cases {
        let result = activate(activation, values)
        for (place, x) in values.enumerated() {
          #expect(abs(result[0][place] - function(x)) <= 3e-16)
          #expect(abs(result[1][place] - 2 * derivative(x)) <= 2e-15)
        }
        try Kernel.select("portable")
        #expect(activate(activation, values) == result)
        try Kernel.select(kernel)
      }
    }
  }
}
