/// Whether the ranks of a communicator may communicate now.
///
/// While a body runs that must not, such as that of ``Communicator/agree(_:)`` or one that adds a chunk, any call of a
/// communicator of the same job ends the process with a message. A body that communicates hangs only when a rank fails
/// in it and the others wait, and never on one rank; this way it is caught always.
///
/// The communicators that a job is split into share its scope, each a level below what it was split from.
public struct CommunicationScope: Sendable {
  /// Of one thread, that which communicates.
  private final class State: @unchecked Sendable {
    /// Communicators of lower levels may not communicate.
    var openLevel = 0
    var sumCount = 0
  }

  private let state: State
  private let level: Int

  /// The scope of a communicator of all ranks.
  public init() {
    self.init(state: State(), level: 0)
  }

  private init(state: State, level: Int) {
    self.state = state
    self.level = level
  }

  /// The scope of a group that this one's ranks are split into.
  public var ofGroup: CommunicationScope { CommunicationScope(state: state, level: level + 1) }

  /// The sums over rows so far, each of which is a pass over them: of all communicators that share the scope.
  public var sumCount: Int { state.sumCount }
  func countSum() { state.sumCount += 1 }

  /// Ends the process when a body runs that must not communicate. Every call of a communicator begins with it.
  public func requireOpen(_ call: StaticString = #function) {
    if level < state.openLevel {
      fatalError("\(call) in a body that must not communicate: a rank that failed there would leave the others waiting")
    }
  }

  /// Runs a body that must not communicate.
  func silent<Value, Problem: Error>(_ body: () throws(Problem) -> Value) throws(Problem) -> Value {
    try open(fromLevel: .max, body)
  }

  /// Runs a body that may communicate in the groups of a split only.
  func open<Value, Problem: Error>(
    onlyIn group: CommunicationScope, _ body: () throws(Problem) -> Value
  ) throws(Problem) -> Value {
    precondition(group.state === state && group.level > level, "the group must come from a split of the communicator")
    return try open(fromLevel: group.level, body)
  }

  private func open<Value, Problem: Error>(
    fromLevel level: Int, _ body: () throws(Problem) -> Value
  ) throws(Problem) -> Value {
    let outer = state.openLevel
    state.openLevel = max(outer, level)
    defer { state.openLevel = outer }
    return try body()
  }
}
