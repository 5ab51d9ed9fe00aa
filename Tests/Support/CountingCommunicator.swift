import Communication

/// Counts what a rank calls of another communicator.
public struct CountingCommunicator: Communicator {
  public struct Counts: Equatable, Sendable {
    public var sends = 0
    public var broadcasts = 0
    /// Gatherings, barriers and splits.
    public var others = 0

    public init(sends: Int = 0, broadcasts: Int = 0, others: Int = 0) {
      self.sends = sends
      self.broadcasts = broadcasts
      self.others = others
    }
  }

  private let base: any Communicator
  private let counting = Monitor(Counts())

  public init(_ base: any Communicator) { self.base = base }

  /// The calls since this was asked last.
  public func takeCounts() -> Counts {
    counting.withLock { counts in
      defer { counts = Counts() }
      return counts
    }
  }

  public var rank: Int { base.rank }
  public var size: Int { base.size }
  public var wishes: Wishes { base.wishes }
  public var scope: CommunicationScope { base.scope }

  public func send(_ message: UnsafeRawBufferPointer, to destination: Int) throws {
    counting.withLock { $0.sends += 1 }
    try base.send(message, to: destination)
  }
  public func receive(into message: UnsafeMutableRawBufferPointer, from source: Int) throws {
    try base.receive(into: message, from: source)
  }
  public func exchange(
    _ message: UnsafeRawBufferPointer, to destination: Int, receivingInto received: UnsafeMutableRawBufferPointer,
    from source: Int
  ) throws {
    counting.withLock { $0.sends += 1 }
    try base.exchange(message, to: destination, receivingInto: received, from: source)
  }
  public func broadcast(_ message: UnsafeMutableRawBufferPointer, from root: Int) throws {
    counting.withLock { $0.broadcasts += 1 }
    try base.broadcast(message, from: root)
  }
  public func allGather(_ message: [UInt8]) throws -> [[UInt8]] {
    counting.withLock { $0.others += 1 }
    return try base.allGather(message)
  }
  public func barrier() throws {
    counting.withLock { $0.others += 1 }
    try base.barrier()
  }
  public func split(color: Int) throws -> any Communicator {
    counting.withLock { $0.others += 1 }
    return try base.split(color: color)
  }
}
