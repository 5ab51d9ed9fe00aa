import Communication
import Diagnostics
import Glibc

/// Ends the process when one MPI call takes too long: a peer that was stopped or cut off sends no error.
final class Watchdog: Sendable {
  private struct State {
    var call: MPICall?
    var seconds = 0.0
  }

  private let state = Monitor(State())
  private let rank: Int
  private let timeout: Double

  /// Starts a thread that watches this rank's calls for the life of the process.
  init(rank: Int, timeout: Double) {
    self.rank = rank
    self.timeout = timeout
    _ = startThread { [self] in watch() }
  }

  func enter(_ call: MPICall) {
    state.withLock { $0 = State(call: call) }
  }

  func leave() {
    state.withLock { $0.call = nil }
  }

  private func watch() {
    // Ranks wait a while after each other, so that the first one ends the job before the next one speaks.
    let limit = timeout + 5 * Double(min(rank, 12))
    let tick = min(0.25, timeout / 4)
    while true {
      usleep(UInt32(tick * 1e6))
      // Ticks are counted, not clock time: while this process itself is suspended, nothing counts.
      let stalled = state.withLock { state in
        state.seconds += tick
        return state.call.flatMap { state.seconds >= limit ? (call: $0, seconds: state.seconds) : nil }
      }
      if let stalled { end(in: stalled.call, after: stalled.seconds) }
    }
  }

  private func end(in call: MPICall, after seconds: Double) -> Never {
    let failure = Failure(
      .temporary,
      """
      rank \(rank) waited \(Int(seconds)) s in \(call); a rank is stopped, cut off or overloaded: \
      look at the hosts, then resume the run, or raise --stall-timeout
      """)
    ErrorOutput.write(failure)
    _exit(failure.exitCode.rawValue)
  }
}
