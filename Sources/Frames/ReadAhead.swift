import Communication
import Diagnostics
import Glibc

/// A thread that reads one stretch of chunks at a time, while another computes.
final class ReadAhead {
  struct Order: Sendable {
    let chunks: Range<Int>
    let reader: ChunkReader
    /// What the chunks are read into; nobody else may touch it until ``ReadAhead/finish()``.
    let target: FrameChunks
  }

  struct Outcome: Sendable {
    let chunks: Range<Int>
    let failure: Failure?
  }

  private enum State: Sendable {
    case idle
    case ordered(Order)
    case done(Outcome)
    case ended
  }

  private let state = Monitor(State.idle)
  private let thread: pthread_t

  init() {
    thread = startThread { [state] in Self.serve(state) }
  }

  deinit {
    _ = finish()
    state.withLock { $0 = .ended }
    pthread_join(thread, nil)
  }

  /// Begins to read; what was ordered before is finished.
  func start(_ order: Order) {
    state.withLock { $0 = .ordered(order) }
  }

  /// Waits for what was ordered; nil when nothing was.
  func finish() -> Outcome? {
    state.wait { state in
      switch state {
      case .ordered: return Outcome??.none
      case .idle, .ended: return .some(nil)
      case .done(let outcome):
        state = .idle
        return outcome
      }
    }
  }

  private static func serve(_ state: Monitor<State>) {
    func nextOrder() -> Order? {
      state.wait { state in
        switch state {
        case .idle, .done: Order??.none
        case .ordered(let order): order
        case .ended: .some(nil)
        }
      }
    }
    while let order = nextOrder() {
      let failure: Failure?
      do {
        try order.reader.read(order.chunks, into: order.target)
        failure = nil
      } catch { failure = Failure(error) }
      state.withLock { $0 = .done(Outcome(chunks: order.chunks, failure: failure)) }
    }
  }
}
