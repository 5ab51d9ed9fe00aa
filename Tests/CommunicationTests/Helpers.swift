import Communication
import Diagnostics

/// SplitMix64: repeatable random choices.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// The failure that `body` throws; nil when it does not throw one.
func failure<Value>(_ body: () throws -> Value) -> Failure? {
  do {
    _ = try body()
    return nil
  } catch {
    return error as? Failure
  }
}

/// Counts the messages that a rank sends.
struct CountingCommunicator: Communicator {
  private let base: any Communicator
  let sends = Monitor(0)
  var rank: Int { base.rank }
  var size: Int { base.size }

  init(_ base: any Communicator) { self.base = base }

  func send(_ message: UnsafeRawBufferPointer, to destination: Int) throws {
    sends.withLock { $0 += 1 }
    try base.send(message, to: destination)
  }
  func receive(into message: UnsafeMutableRawBufferPointer, from source: Int) throws {
    try base.receive(into: message, from: source)
  }
  func broadcast(_ message: UnsafeMutableRawBufferPointer, from root: Int) throws {
    try base.broadcast(message, from: root)
  }
  func allGather(_ message: [UInt8]) throws -> [[UInt8]] { try base.allGather(message) }
  func barrier() throws { try base.barrier() }
  func split(color: Int) throws -> any Communicator { try base.split(color: color) }
}
