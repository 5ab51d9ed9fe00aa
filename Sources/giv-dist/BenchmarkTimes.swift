import Communication
import Glibc

/// What one pass of a benchmark takes, per row or whatever is counted.
struct BenchmarkTimes: Encodable {
  /// The median over passes, of the slowest rank in each.
  let ns: Double
  /// The least.
  let nsMinimum: Double
  /// The least processor time of the root, which other things on a busy machine do not lengthen.
  let cpuNs: Double
  let passes: Int

  /// Collective.
  ///
  /// - Parameters:
  ///   - count: what a pass goes through.
  ///   - passes: how many are timed; nil for as many as take about two seconds.
  init(per count: Int, passes: Int?, on communicator: any Communicator, _ pass: () throws -> Void) throws {
    let first = try (0..<3).map { _ in try Self.seconds(on: communicator, pass).wall }.min()!
    let passes = passes ?? max(5, min(200, Int(2 / first)))
    let all = try (0..<passes).map { _ in try Self.seconds(on: communicator, pass) }
    let (walls, unit) = (all.map(\.wall).sorted(), 1e9 / Double(count))
    ns = walls[passes / 2] * unit
    nsMinimum = walls[0] * unit
    cpuNs = all.map(\.processor).min()! * unit
    self.passes = passes
  }

  /// Seconds by the clock, the most of all ranks, and of this rank's processor. Collective.
  static func seconds(
    on communicator: any Communicator, _ body: () throws -> Void
  ) throws -> (wall: Double, processor: Double) {
    let clock = ContinuousClock()
    try communicator.barrier()
    let (begin, processor) = (clock.now, Glibc.clock())
    try body()
    let used = Double(Glibc.clock() - processor) / Double(CLOCKS_PER_SEC)
    return (try communicator.maximum([(clock.now - begin) / .seconds(1)])[0], used)
  }
}
