import Diagnostics

/// The mailboxes through which the threads of a ``LoopbackCommunicator`` exchange messages.
final class LoopbackExchange: Sendable {
  struct Mailbox: Hashable {
    let group: Int
    let source: Int
    let destination: Int
  }

  private struct State {
    var messages: [Mailbox: [[UInt8]]] = [:]
    /// The mailbox that each rank waits for.
    var awaited: [Mailbox?]
    var hasEnded: [Bool]
    var nextGroup = 1

    /// Whether every rank that runs waits for one that also waits.
    var isDeadlocked: Bool {
      hasEnded.indices.allSatisfy { rank in
        guard !hasEnded[rank] else { return true }
        guard let mailbox = awaited[rank] else { return false }
        return messages[mailbox, default: []].isEmpty && !hasEnded[mailbox.source]
      }
    }
  }

  private let state: Monitor<State>

  init(ranks: Int) {
    state = Monitor(
      State(awaited: Array(repeating: nil, count: ranks), hasEnded: Array(repeating: false, count: ranks)))
  }

  /// Numbers for new groups, the first of `count`.
  func reserveGroups(_ count: Int) -> Int {
    state.withLock { state in
      defer { state.nextGroup += count }
      return state.nextGroup
    }
  }

  func put(_ message: [UInt8], into mailbox: Mailbox) {
    state.withLock { $0.messages[mailbox, default: []].append(message) }
  }

  /// Waits for a message.
  ///
  /// - Throws: ``Failure`` when it cannot come any more.
  func take(from mailbox: Mailbox) throws -> [UInt8] {
    try state.wait { state in
      if let message = state.messages[mailbox]?.first {
        state.messages[mailbox]!.removeFirst()
        state.awaited[mailbox.destination] = nil
        return message
      }
      state.awaited[mailbox.destination] = mailbox
      guard state.hasEnded[mailbox.source] || state.isDeadlocked else { return nil }
      state.awaited[mailbox.destination] = nil
      let reason = state.hasEnded[mailbox.source] ? "which has ended" : "in a circle"
      throw Failure(.numerical, "rank \(mailbox.destination) waits for rank \(mailbox.source), \(reason)")
    }
  }

  /// Notes that a rank will send no more.
  func end(_ rank: Int) {
    state.withLock { $0.hasEnded[rank] = true }
  }
}
