import Communication

/// The loss of some rows and its gradient in the parameters: what a training step sums over ranks.
public struct LossGradient: Reducible {
  private let gradientPlaces: PackedVector
  private let lossPlace: Int
  public var summands: [Double]

  public init(parameterCount: Int) {
    var packing = Packing()
    gradientPlaces = packing.vector(parameterCount)
    lossPlace = packing.number()
    summands = packing.zeros
  }

  public var loss: Double {
    get { summands[lossPlace] }
    set { summands[lossPlace] = newValue }
  }

  public var gradient: ArraySlice<Double> { summands[gradientPlaces.places] }

  /// Sets the derivative in one parameter.
  mutating func setGradient(_ parameter: Int, to value: Double) { summands[gradientPlaces[parameter]] = value }

  /// Gives `body` the gradient's numbers, to add to.
  public mutating func withGradient<Result>(_ body: (UnsafeMutablePointer<Double>) -> Result) -> Result {
    summands.withUnsafeMutableBufferPointer { body($0.baseAddress! + gradientPlaces[0]) }
  }
}
