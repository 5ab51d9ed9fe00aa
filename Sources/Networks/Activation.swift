import LinearAlgebra

/// A function applied to every output of a layer; its derivative is known from the output alone.
public enum Activation: Sendable, Codable, Equatable {
  case identity
  /// To an absolute error of 3e-16.
  case tanh
  /// max(x, 0), with derivative 0 at 0.
  case relu
  /// x, or slope · x where x is not positive.
  case leakyRelu(slope: Double = 0.01)
  /// 1 / (1 + exp(-x)).
  case sigmoid

  /// Replaces each value x by φ(x).
  func apply(to values: UnsafeMutablePointer<Double>, count: Int) {
    switch self {
    case .identity: break
    case .tanh:
      withExponentials(of: values, scale: -2, count: count) { exponentials in
        for i in 0..<count {
          let magnitude = (1 - exponentials[i]) / (1 + exponentials[i])
          values[i] = values[i] < 0 ? -magnitude : magnitude
        }
      }
    case .relu:
      for i in 0..<count { values[i] = values[i] <= 0 ? 0 : values[i] }
    case .leakyRelu(let slope):
      for i in 0..<count { values[i] = values[i] <= 0 ? slope * values[i] : values[i] }
    case .sigmoid:
      withExponentials(of: values, scale: -1, count: count) { exponentials in
        for i in 0..<count {
          let share = 1 / (1 + exponentials[i])
          values[i] = values[i] < 0 ? exponentials[i] * share : share
        }
      }
    }
  }

  /// Multiplies each gradient by φ'(x), given φ(x).
  func multiplyDerivative(
    at outputs: UnsafePointer<Double>, into gradients: UnsafeMutablePointer<Double>, count: Int
  ) {
    switch self {
    case .identity: break
    case .tanh:
      for i in 0..<count { gradients[i] *= 1 - outputs[i] * outputs[i] }
    case .relu:
      // A product, for the choice between two values becomes a branch, which signs taken at random mislead.
      for i in 0..<count { gradients[i] *= outputs[i] > 0 ? 1 : 0 }
    case .leakyRelu(let slope):
      for i in 0..<count { gradients[i] *= outputs[i] > 0 ? 1 : slope }
    case .sigmoid:
      for i in 0..<count { gradients[i] *= outputs[i] * (1 - outputs[i]) }
    }
  }

  /// Calls `body` with exp(scale · |x|) of each value; the scale is negative, so that nothing overflows.
  private func withExponentials(
    of values: UnsafeMutablePointer<Double>, scale: Double, count: Int, _ body: (UnsafeMutablePointer<Double>) -> Void
  ) {
    withUnsafeTemporaryAllocation(of: Double.self, capacity: count) { scratch in
      guard let exponentials = scratch.baseAddress else { return }
      for i in 0..<count { exponentials[i] = scale * abs(values[i]) }
      Kernel.exponentials(of: exponentials, count: count)
      body(exponentials)
    }
  }
}
