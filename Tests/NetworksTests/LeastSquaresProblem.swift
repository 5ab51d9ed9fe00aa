import Communication
import LinearAlgebra
import Networks

/// Σ_i w_i (b'(1, x_i) - y_i)² / n: least squares by a network without hidden layers.
final class LeastSquaresProblem: RowwiseProblem {
  static let rowCount = 2600
  static let inputCount = 3
  static let shape = NetworkShape(inputs: inputCount, layers: [.dense(1)])

  let rows: DistributedRows
  let sharedBlockCount: Int
  private let block = NetworkBlock(shape)
  private let columns = AlignedBuffer(count: (inputCount + 2) * NetworkBlock.stride)

  init(on communicator: any Communicator, sharedBlockCount: Int = 32) {
    rows = DistributedRows(rowCount: Self.rowCount, communicator: communicator)
    self.sharedBlockCount = sharedBlockCount
  }

  /// x, y and w of each row.
  static let values = (0..<rowCount).map { row in
    let random = CounterRandom(seed: 41, stream: .test)
    let x = (0..<inputCount).map { random.normal(row: row, draw: $0) + 0.3 * Double($0) }
    let y = 2 - x[0] + 0.5 * x[1] + 3 * x[2] + random.normal(row: row, draw: inputCount)
    return x + [y, 0.5 + random.uniform(row: row, draw: inputCount + 1)]
  }

  var rowWidth: Int { Self.inputCount + 2 }

  func rowCopy(chunk: Int) throws -> MinibatchWindow.RowCopy {
    { row, values in
      for (j, value) in Self.values[row].enumerated() { values[j] = value }
    }
  }

  func addGradient(
    ofBlock index: Int, of minibatch: Minibatch, parameters: UnsafePointer<Double>,
    to gradient: UnsafeMutablePointer<Double>
  ) -> Double {
    let stride = NetworkBlock.stride
    block.rowCount = minibatch.copy(0..<rowWidth, ofBlock: index, to: columns.pointer)
    block.fill((0..<Self.inputCount).map { UnsafePointer(columns.pointer + $0 * stride) })
    Self.shape.forward(block, parameters: parameters)
    let loss = Loss.squared(
      block, output: 0, targets: columns.pointer + Self.inputCount * stride,
      weights: columns.pointer + (Self.inputCount + 1) * stride, scale: 1 / Double(minibatch.rowCount))
    Self.shape.backward(block, parameters: parameters, addingTo: gradient)
    return loss
  }
}
