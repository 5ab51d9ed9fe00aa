import Glibc

/// SIGTERM and SIGUSR1 ask a run to save and stop, as batch systems do before time runs out, and so does the first
/// SIGINT of the keyboard; the second ends it at once.
enum StopSignal {
  // Written by the handler, which may do nothing else; read between passes.
  nonisolated(unsafe) private static var received: sig_atomic_t = 0

  static var isReceived: Bool { received != 0 }

  /// The name of the signal that this process received last; nil when it received none.
  static var name: String? { [SIGTERM: "SIGTERM", SIGUSR1: "SIGUSR1", SIGINT: "SIGINT"][received] }

  static func install() {
    for number in [SIGTERM, SIGUSR1] { signal(number) { StopSignal.received = $0 } }
    signal(SIGINT) {
      StopSignal.received = $0
      signal(SIGINT, SIG_DFL)
    }
  }
}
