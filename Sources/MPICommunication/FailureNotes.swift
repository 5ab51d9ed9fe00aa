import COpenMPI
import Communication
import Diagnostics
import Glibc

/// How ranks that failed learn which others did: a communicator of its own, since the one that the program used may be
/// in the middle of a call on other ranks.
struct FailureNotes {
  /// Seconds to wait for the others. Ranks that throw the same failure do so within milliseconds of each other.
  private static let grace = 2.0

  private let handle: MPI_Comm?
  private let rank: Int
  private let size: Int
  private let gate: MPIGate

  init(rank: Int, size: Int, gate: MPIGate) throws {
    var handle: MPI_Comm?
    try gate("MPI_Comm_dup") { MPI_Comm_dup(giv_mpi_comm_world(), &handle) }
    self.handle = handle
    self.rank = rank
    self.size = size
    self.gate = gate
  }

  func close() throws {
    var handle = handle
    try gate("MPI_Comm_free") { MPI_Comm_free(&handle) }
  }

  /// Tells all ranks of this rank's failure and returns those heard of, by rank: all of them, or those that came in time.
  func exchange(_ failure: Failure) throws -> [Int: Failure] {
    var failures = [rank: failure]
    let note = failure.bytes
    try note.withUnsafeBytes { note in
      var requests: [MPI_Request?] = []
      for peer in 0..<size where peer != rank {
        var request = giv_mpi_request_null()
        try gate("MPI_Isend", peer: ("to", peer)) {
          MPI_Isend(note.baseAddress, Int32(note.count), giv_mpi_byte(), Int32(peer), 0, handle, &request)
        }
        requests.append(request)
      }
      let clock = ContinuousClock()
      let deadline = clock.now + .seconds(Self.grace)
      while failures.count < size, clock.now < deadline {
        if let (peer, failure) = try next() { failures[peer] = failure } else { usleep(1000) }
      }
      // Unanswered notes need no end: the job is aborted.
      guard failures.count == size else { return }
      try gate("MPI_Waitall") { MPI_Waitall(Int32(requests.count), &requests, giv_mpi_statuses_ignore()) }
    }
    return failures
  }

  /// The next note that has arrived, if any.
  private func next() throws -> (peer: Int, failure: Failure)? {
    var isThere: Int32 = 0
    var status = MPI_Status()
    try gate("MPI_Iprobe") { MPI_Iprobe(MPI_ANY_SOURCE, 0, handle, &isThere, &status) }
    guard isThere != 0 else { return nil }
    var count: Int32 = 0
    try gate("MPI_Get_count") { MPI_Get_count(&status, giv_mpi_byte(), &count) }
    var note = [UInt8](repeating: 0, count: Int(count))
    let peer = Int(status.MPI_SOURCE)
    try gate("MPI_Recv", peer: ("from", peer)) {
      MPI_Recv(&note, count, giv_mpi_byte(), Int32(peer), 0, handle, &status)
    }
    return (peer, Failure(bytes: note))
  }
}
