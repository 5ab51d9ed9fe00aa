/// What determines the g that a nonparametric regression finds, besides the rows and the method.
public struct NonparametricOptions: Sendable, Codable, Equatable {
  /// Of parts of rows, landmarks, starts, minibatches and draws.
  public var seed: UInt64 = 1
  /// The settings of the reference of each method instead of our own.
  public var isPaper = false

  /// Rows that kernels are told at, drawn at random; nil for all rows, so that nothing is approximated.
  public var landmarks: Int? = 400
  /// Landmarks that are taken at most: what kernels need grows with their square, and their time with its cube.
  public var exactRows = 2000
  public var dual = Dual.instrument

  /// The functions among which DualIV seeks the one that a candidate violates most.
  public enum Dual: String, Sendable, Codable, CaseIterable {
    /// Functions of (z, x): the moments of E[y - g | z, x] = 0.
    case instrument
    /// Functions of (y, z, x), as published, which ask for E[g - y | y, z, x] = 0. That is not what an instrument gives,
    /// and the estimate is not consistent.
    case outcome
  }

  public init() {}
}
