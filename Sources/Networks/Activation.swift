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
  /// x, or exp(x) - 1 where x is not positive (Clevert, Unterthiner and Hochreiter 2016).
  case elu

  /// What computes it; nil for the identity.
  var kernel: Kernel.Activation? {
    switch self {
    case .identity: nil
    case .tanh: .tanh
    case .relu: .rectifier(slope: 0)
    case .leakyRelu(let slope): .rectifier(slope: slope)
    case .sigmoid: .sigmoid
    case .elu: .exponentialLinear
    }
  }
}
