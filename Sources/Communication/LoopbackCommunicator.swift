import Diagnostics
import Glibc

/// Ranks as threads of one process, for tests: messages are copied through mailboxes.
public struct LoopbackCommunicator: Communicator {
  private let mailboxes: LoopbackExchange
  /// Tells the messages of this group from those of other groups of the same threads.
  private let group: Int
  /// The threads of this group's ranks.
  private let members: [Int]
  public let rank: Int
  public let wishes = Wishes()
  public let scope: CommunicationScope
  public var size: Int { members.count }

  /// Runs `body` once per rank, each on a thread of its own, and returns what they returned in the order of ranks.
  ///
  /// - Throws: the first error that a rank threw. A rank that waits for one that has ended, or for each other in a
  ///   circle, throws a ``Failure`` where MPI would hang.
  public static func run<Value: Sendable>(
    ranks: Int, _ body: @escaping @Sendable (any Communicator) throws -> Value
  ) throws -> [Value] {
    let mailboxes = LoopbackExchange(ranks: ranks)
    let results = Monitor((values: [Value?](repeating: nil, count: ranks), error: (any Error)?.none))
    let threads = (0..<ranks).map { rank in
      startThread {
        let communicator = LoopbackCommunicator(
          mailboxes: mailboxes, group: 0, members: Array(0..<ranks), rank: rank, scope: CommunicationScope())
        let result = Result { try body(communicator) }
        results.withLock {
          switch result {
          case .success(let value): $0.values[rank] = value
          case .failure(let error): $0.error = $0.error ?? error
          }
        }
        mailboxes.end(rank)
      }
    }
    for thread in threads { pthread_join(thread, nil) }
    return try results.withLock {
      if let error = $0.error { throw error }
      return $0.values.map { $0! }
    }
  }

  public func send(_ message: UnsafeRawBufferPointer, to destination: Int) throws {
    scope.requireOpen()
    mailboxes.put(Array(message), into: mailbox(from: rank, to: destination))
  }

  public func receive(into message: UnsafeMutableRawBufferPointer, from source: Int) throws {
    scope.requireOpen()
    let received = try mailboxes.take(from: mailbox(from: source, to: rank))
    guard received.count == message.count else {
      throw Failure(
        .numerical, "rank \(rank) expected \(message.count) bytes from rank \(source), not \(received.count)")
    }
    message.copyBytes(from: received)
  }

  public func exchange(
    _ message: UnsafeRawBufferPointer, to destination: Int, receivingInto received: UnsafeMutableRawBufferPointer,
    from source: Int
  ) throws {
    try send(message, to: destination)
    try receive(into: received, from: source)
  }

  public func broadcast(_ message: UnsafeMutableRawBufferPointer, from root: Int) throws {
    scope.requireOpen()
    guard rank == root else { return try receive(into: message, from: root) }
    for destination in 0..<size where destination != root {
      try send(UnsafeRawBufferPointer(message), to: destination)
    }
  }

  public func allGather(_ message: [UInt8]) throws -> [[UInt8]] {
    scope.requireOpen()
    for destination in 0..<size where destination != rank {
      mailboxes.put(message, into: mailbox(from: rank, to: destination))
    }
    return try (0..<size).map { source in
      source == rank ? message : try mailboxes.take(from: mailbox(from: source, to: rank))
    }
  }

  public func barrier() throws {
    _ = try allGather([])
  }

  public func split(color: Int) throws -> any Communicator {
    let colors = try allGather(elements: [color, rank == 0 ? mailboxes.reserveGroups(size) : 0])
    let ranks = (0..<size).filter { colors[$0][0] == color }
    return LoopbackCommunicator(
      mailboxes: mailboxes, group: colors[0][1] + ranks[0], members: ranks.map { members[$0] },
      rank: ranks.firstIndex(of: rank)!, scope: scope.ofGroup)
  }

  private func mailbox(from source: Int, to destination: Int) -> LoopbackExchange.Mailbox {
    LoopbackExchange.Mailbox(group: group, source: members[source], destination: members[destination])
  }
}
