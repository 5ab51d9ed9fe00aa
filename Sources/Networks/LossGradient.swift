import Communication

/// The loss of some rows and its gradient in the parameters: what a training step sums over ranks.
public struct LossGradient: Reducible {
  /// The gradient, then the loss.
  public var summands: [Double]

  public init(parameterCount: Int) {
    summands = Array(repeating: 0, count: parameterCount + 1)
  }

  public var loss: Double {
    get { summands[summands.count - 1] }
    set { summands[summands.count - 1] = newValue }
  }

  public var gradient: ArraySlice<Double> { summands.dropLast() }

  /// Gives `body` the gradient's numbers, to add to.
  public mutating func withGradient<Result>(_ body: (UnsafeMutablePointer<Double>) -> Result) -> Result {
    summands.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
  }
}
