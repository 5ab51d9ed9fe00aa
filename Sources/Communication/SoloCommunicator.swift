import Diagnostics

/// One process that works alone, without MPI.
public struct SoloCommunicator: Communicator {
  public let wishes = Wishes()
  public let scope: CommunicationScope

  public init() { self.init(scope: CommunicationScope()) }

  private init(scope: CommunicationScope) { self.scope = scope }

  public var rank: Int { 0 }
  public var size: Int { 1 }

  public func send(_ message: UnsafeRawBufferPointer, to destination: Int) throws {
    scope.requireOpen()
    throw Failure(.numerical, "one process alone cannot send to rank \(destination)")
  }

  public func receive(into message: UnsafeMutableRawBufferPointer, from source: Int) throws {
    scope.requireOpen()
    throw Failure(.numerical, "one process alone cannot receive from rank \(source)")
  }

  public func exchange(
    _ message: UnsafeRawBufferPointer, to destination: Int, receivingInto received: UnsafeMutableRawBufferPointer,
    from source: Int
  ) throws {
    try send(message, to: destination)
  }

  public func broadcast(_ message: UnsafeMutableRawBufferPointer, from root: Int) throws {
    scope.requireOpen()
  }

  public func allGather(_ message: [UInt8]) throws -> [[UInt8]] {
    scope.requireOpen()
    return [message]
  }

  public func barrier() throws {
    scope.requireOpen()
  }

  public func split(color: Int) throws -> any Communicator {
    scope.requireOpen()
    return SoloCommunicator(scope: scope.ofGroup)
  }
}
