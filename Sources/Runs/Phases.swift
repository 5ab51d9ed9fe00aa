import Communication
import Glibc

/// Where the time of a command goes: every moment of a rank belongs to the phase that began last, so that the phases add up
/// to all of it.
///
/// One rank's own, on one thread. The times are no part of a result, and no digest sees them.
public final class Phases {
  private let communicator: any Communicator
  private let begin: ContinuousClock.Instant
  private var last: ContinuousClock.Instant
  private var lastMessageSeconds = 0.0
  private var current = 0
  private var own: [PhaseTable.Row]
  /// What earlier starts of the run took.
  private var earlier: PhaseTable?
  /// Whether this rank counts passes for those that it works with.
  var countsPasses: Bool

  /// - Parameters:
  ///   - name: of the first phase.
  ///   - begin: when it began.
  ///   - communicator: all ranks of the command.
  public init(_ name: String, since begin: ContinuousClock.Instant = .now, on communicator: any Communicator) {
    self.communicator = communicator
    (self.begin, last) = (begin, begin)
    own = [PhaseTable.Row(name)]
    countsPasses = communicator.isRoot
  }

  /// Ends the phase that is under way, and goes on with one of a name, which may have had time before.
  public func start(_ name: String) {
    account()
    current =
      own.firstIndex { $0.phase == name }
      ?? {
        own.append(PhaseTable.Row(name))
        return own.count - 1
      }()
  }

  /// Runs a body as a phase, within another one that goes on afterwards.
  func within<Value>(_ name: String, _ body: () throws -> Value) rethrows -> Value {
    let outer = own[current].phase
    start(name)
    defer { start(outer) }
    return try body()
  }

  /// Counts a pass of the phase that is under way. Steps of training are no passes over the rows, and serve no fit.
  func count(_ record: PassRecord) {
    guard countsPasses else { return }
    own[current].passes += 1
    own[current].fits += record.integer("round") == nil ? record.integer("fits") ?? 0 : 0
  }

  /// Adds what earlier starts of the run took. Of two tables the longer one holds the other.
  package func add(earlier table: PhaseTable) {
    if table.wallSeconds > earlier?.wallSeconds ?? 0 { earlier = table }
  }

  /// The phases so far, over all ranks and starts. Collective.
  public func table() throws -> PhaseTable {
    // So that what ranks wait for slower ones is in the phase, and all stop the clock at once.
    try communicator.barrier()
    account()
    let all = try communicator.allGather(value: own)
    let walls = try communicator.allGather(value: begin.duration(to: last).seconds)
    let table = PhaseTable(ofRanks: all, wallSeconds: walls.reduce(0, +) / Double(walls.count))
    return earlier.map { $0 + table } ?? table
  }

  private func account() {
    let (now, messageSeconds) = (ContinuousClock.now, communicator.messageSeconds)
    own[current].seconds += last.duration(to: now).seconds
    own[current].messageSeconds += messageSeconds - lastMessageSeconds
    own[current].peakBytes = max(own[current].peakBytes, Self.peakBytes)
    (last, lastMessageSeconds) = (now, messageSeconds)
  }

  /// The most memory that the process has held.
  private static var peakBytes: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss << 10
  }
}
