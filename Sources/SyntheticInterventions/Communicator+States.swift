import Communication
import Runs

extension Communicator {
  /// Collects the values of all ranks, in the order of ranks and with every bit of their numbers. Collective.
  func allGather<Value: Codable>(states: [Value]) throws -> [Value] {
    guard size > 1 else { return states }
    let message = try agree { try StateEncoder.encode(states) }
    return try allGather(message).flatMap { try StateDecoder.decode([Value].self, from: $0) }
  }
}
