import Diagnostics

/// One process that works alone, without MPI.
public struct SoloCommunicator: Communicator {
  public let wishes = Wishes()

  public init() {}

  public var rank: Int { 0 }
  public var size: Int { 1 }

  public func send(_ message: UnsafeRawBufferPointer, to destination: Int) throws {
    throw Failure(.numerical, "one process alone cannot send to rank \(destination)")
  }

  public func receive(into message: UnsafeMutableRawBufferPointer, from source: Int) throws {
    throw Failure(.numerical, "one process alone cannot receive from rank \(source)")
  }

  public func broadcast(_ message: UnsafeMutableRawBufferPointer, from root: Int) throws {}
  public func allGather(_ message: [UInt8]) throws -> [[UInt8]] { [message] }
  public func barrier() throws {}
  public func split(color: Int) throws -> any Communicator { SoloCommunicator() }
}
