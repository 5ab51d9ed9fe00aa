import COpenMPI
import Diagnostics

/// A blocking MPI call, as errors and the watchdog name it.
struct MPICall: Sendable, CustomStringConvertible {
  let name: StaticString
  /// How the call and its peer relate, as in "MPI_Recv from rank 3".
  var peer: (relation: StaticString, rank: Int)?

  var description: String {
    peer.map { "\(name) \($0.relation) rank \($0.rank)" } ?? "\(name)"
  }
}

/// The time that a rank has spent in MPI calls, counted on its main thread.
final class MPIClock: @unchecked Sendable {
  fileprivate(set) var duration = Duration.zero
}

/// The one way to call MPI: every return code is checked, and every call is watched and timed.
struct MPIGate: Sendable {
  var watchdog: Watchdog?
  let clock = MPIClock()

  func callAsFunction(
    _ name: StaticString, peer: (relation: StaticString, rank: Int)? = nil, _ body: () -> Int32
  ) throws {
    let call = MPICall(name: name, peer: peer)
    watchdog?.enter(call)
    let begin = ContinuousClock.now
    let code = body()
    clock.duration += begin.duration(to: .now)
    watchdog?.leave()
    guard code == MPI_SUCCESS else { throw Failure(.temporary, "\(call) failed: \(Self.text(ofCode: code))") }
  }

  private static func text(ofCode code: Int32) -> String {
    var length: Int32 = 0
    let text = [CChar](unsafeUninitializedCapacity: Int(MPI_MAX_ERROR_STRING)) { buffer, count in
      MPI_Error_string(code, buffer.baseAddress, &length)
      count = Int(length)
    }
    return String(decoding: text.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
