/// What determines the g that a nonparametric regression finds, besides the rows and the method.
public struct NonparametricOptions: Sendable, Codable, Equatable {
  /// Of parts of rows, landmarks, starts, minibatches and draws.
  public var seed: UInt64 = 1
  /// The settings of the reference of each method instead of our own.
  public var isPaper = false

  public init() {}
}
