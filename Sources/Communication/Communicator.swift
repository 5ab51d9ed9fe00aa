import Diagnostics

/// A group of ranks that work on one problem.
///
/// Algorithms do not call these members: they sum over rows with ``DistributedRows`` and agree on failures with
/// ``agree(_:)``. Functions that take a body say that it must not communicate, and end the process when it does; see
/// ``CommunicationScope``. Every call but `send`, `receive` and `exchange` is collective: all ranks make it, in the same order.
///
/// - Throws: every member throws a ``Failure`` that names the call that failed.
public protocol Communicator: Sendable {
  /// This rank's number, `0 ..< size`.
  var rank: Int { get }
  /// The number of ranks.
  var size: Int { get }
  /// What this rank wishes for, and what the ranks agreed on: one object for the life of the communicator.
  var wishes: Wishes { get }
  /// Whether it may communicate now. Every member below begins with ``CommunicationScope/requireOpen(_:)``, and a split
  /// gives groups the scope ``CommunicationScope/ofGroup``.
  var scope: CommunicationScope { get }
  /// The seconds that this rank has spent in messages so far, for the most part waiting for slower ranks; 0 where nothing
  /// counts them.
  var messageSeconds: Double { get }

  /// Sends bytes to another rank; returns when `message` may be reused.
  func send(_ message: UnsafeRawBufferPointer, to destination: Int) throws
  /// Receives exactly `message.count` bytes from another rank. Messages of one pair of ranks arrive in order.
  func receive(into message: UnsafeMutableRawBufferPointer, from source: Int) throws
  /// Sends bytes to a rank while it receives exactly `received.count` bytes from another or the same one, so that ranks may
  /// do so in a circle. A message is received by this call or by ``receive(into:from:)`` alike.
  func exchange(
    _ message: UnsafeRawBufferPointer, to destination: Int, receivingInto received: UnsafeMutableRawBufferPointer,
    from source: Int
  ) throws
  /// Copies `message` of rank `root` to all ranks; the count is the same on all.
  func broadcast(_ message: UnsafeMutableRawBufferPointer, from root: Int) throws
  /// Collects every rank's bytes, of any length, on every rank, in the order of ranks.
  func allGather(_ message: [UInt8]) throws -> [[UInt8]]
  /// Returns when all ranks have called it.
  func barrier() throws
  /// Splits the ranks into groups of equal `color`; ranks keep their relative order.
  func split(color: Int) throws -> any Communicator
}

extension Communicator {
  public var messageSeconds: Double { 0 }
}
