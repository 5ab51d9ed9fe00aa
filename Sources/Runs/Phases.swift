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
  private var lastSumCount = 0
  private var current = 0
  private var own: [PhaseTable.Row]
  /// Sums over rows by phase, where they stand for passes.
  private var sums: [String: Int] = [:]
  /// What earlier starts of the run took.
  private var earlier: PhaseTable?
  /// Whether this rank counts passes for those that it works with.
  var countsPasses: Bool
  /// Whether sums over rows are passes of the phases whose passes no journal tells.
  private let countsSums: Bool

  /// - Parameters:
  ///   - name: of the first phase.
  ///   - begin: when it began.
  ///   - countsSums: whether the sums over rows are told as passes of the phases for which no journal tells any.
  ///   - communicator: all ranks of the command.
  public init(
    _ name: String, since begin: ContinuousClock.Instant = .now, countsSums: Bool = false,
    on communicator: any Communicator
  ) {
    self.communicator = communicator
    self.countsSums = countsSums
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
    let all = try communicator.allGather(value: own.map(withSums))
    let walls = try communicator.allGather(value: begin.duration(to: last).seconds)
    let table = PhaseTable(ofRanks: all, wallSeconds: walls.reduce(0, +) / Double(walls.count))
    return earlier.map { $0 + table } ?? table
  }

  /// A row with its sums for passes, where no journal told of any.
  private func withSums(_ row: PhaseTable.Row) -> PhaseTable.Row {
    var row = row
    if row.passes == 0 { row.passes = sums[row.phase] ?? 0 }
    return row
  }

  private func account() {
    let (now, messageSeconds) = (ContinuousClock.now, communicator.messageSeconds)
    own[current].seconds += last.duration(to: now).seconds
    own[current].messageSeconds += messageSeconds - lastMessageSeconds
    let sumCount = communicator.scope.sumCount
    if countsSums && countsPasses { sums[own[current].phase, default: 0] += sumCount - lastSumCount }
    own[current].peakBytes = max(own[current].peakBytes, Self.peakBytes)
    (last, lastMessageSeconds, lastSumCount) = (now, messageSeconds, sumCount)
  }

  /// The most memory that the process has held.
  package static var peakBytes: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss << 10
  }
}
