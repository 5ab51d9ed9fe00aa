/// A counter-based random generator: every number is a pure function of (seed, stream, row, draw).
public struct CounterRandom: Sendable {
  public let seed: UInt64
  public let stream: UInt32
  public init(seed: UInt64, stream: UInt32) {
    self.seed = seed
    self.stream = stream
  }
}
