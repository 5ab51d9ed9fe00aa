import COpenMPI
import Communication
import Diagnostics

/// Ranks as processes that Open MPI connects. Used on the main thread only (MPI_THREAD_FUNNELED).
final class MPICommunicator: Communicator, @unchecked Sendable {
  private let handle: MPI_Comm?
  private let gate: MPIGate
  /// The largest number of bytes of one MPI call; larger messages are cut.
  private let largestMessage: Int
  /// The ranks of this group as the whole job numbers them, by which messages name them.
  private let members: [Int]
  /// Whether `handle` came from a split and is freed with this object.
  private let isOwner: Bool

  let rank: Int
  let wishes = Wishes()
  let scope: CommunicationScope
  var size: Int { members.count }
  var messageSeconds: Double { gate.clock.duration / .seconds(1) }

  /// All ranks of the job.
  init(worldThrough gate: MPIGate, rank: Int, largestMessage: Int) throws {
    handle = giv_mpi_comm_world()
    self.gate = gate
    self.rank = rank
    self.largestMessage = largestMessage
    var size: Int32 = 0
    try gate("MPI_Comm_size") { MPI_Comm_size(giv_mpi_comm_world(), &size) }
    members = Array(0..<Int(size))
    isOwner = false
    scope = CommunicationScope()
  }

  /// The ranks of `parent` that share a color, whose places in it are `places`.
  private init(splitting parent: MPICommunicator, places: [Int]) throws {
    var handle: MPI_Comm?
    try parent.gate("MPI_Comm_split") {
      MPI_Comm_split(parent.handle, Int32(places[0]), Int32(parent.rank), &handle)
    }
    self.handle = handle
    gate = parent.gate
    largestMessage = parent.largestMessage
    members = places.map { parent.members[$0] }
    rank = places.firstIndex(of: parent.rank)!
    isOwner = true
    scope = parent.scope.ofGroup
  }

  deinit {
    var finalized: Int32 = 0
    guard isOwner, MPI_Finalized(&finalized) == MPI_SUCCESS, finalized == 0 else { return }
    var handle = handle
    do { try gate("MPI_Comm_free") { MPI_Comm_free(&handle) } } catch {
      // Nobody is left to catch it, and nothing was lost but a handle: say it and go on.
      ErrorOutput.write(Failure(error))
    }
  }

  func send(_ message: UnsafeRawBufferPointer, to destination: Int) throws {
    scope.requireOpen()
    for piece in pieces(of: message.count) {
      let start = message.baseAddress! + piece.lowerBound
      try gate("MPI_Send", peer: ("to", members[destination])) {
        MPI_Send(start, Int32(piece.count), giv_mpi_byte(), Int32(destination), 0, handle)
      }
    }
  }

  func receive(into message: UnsafeMutableRawBufferPointer, from source: Int) throws {
    scope.requireOpen()
    for piece in pieces(of: message.count) {
      let start = message.baseAddress! + piece.lowerBound
      var status = MPI_Status()
      try gate("MPI_Recv", peer: ("from", members[source])) {
        MPI_Recv(start, Int32(piece.count), giv_mpi_byte(), Int32(source), 0, handle, &status)
      }
      try require(piece.count, received: &status, from: source)
    }
  }

  private func require(_ count: Int, received status: inout MPI_Status, from source: Int) throws {
    var received: Int32 = 0
    try gate("MPI_Get_count") { MPI_Get_count(&status, giv_mpi_byte(), &received) }
    guard received == count else {
      throw Failure(
        .numerical, "a message of rank \(members[source]) had \(received) bytes where \(count) were expected")
    }
  }

  func exchange(
    _ message: UnsafeRawBufferPointer, to destination: Int, receivingInto received: UnsafeMutableRawBufferPointer,
    from source: Int
  ) throws {
    scope.requireOpen()
    let (sent, awaited) = (Array(pieces(of: message.count)), Array(pieces(of: received.count)))
    for index in 0..<max(sent.count, awaited.count) {
      // The longer message goes on with nobody at the other end.
      let out = index < sent.count ? sent[index] : 0..<0
      let into = index < awaited.count ? awaited[index] : 0..<0
      var status = MPI_Status()
      try gate(
        "MPI_Sendrecv", peer: into.isEmpty ? ("to", members[destination]) : ("from", members[source])
      ) {
        MPI_Sendrecv(
          message.baseAddress.map { $0 + out.lowerBound }, Int32(out.count), giv_mpi_byte(),
          out.isEmpty ? MPI_PROC_NULL : Int32(destination), 0,
          received.baseAddress.map { $0 + into.lowerBound }, Int32(into.count), giv_mpi_byte(),
          into.isEmpty ? MPI_PROC_NULL : Int32(source), 0, handle, &status)
      }
      try require(into.count, received: &status, from: source)
    }
  }

  func broadcast(_ message: UnsafeMutableRawBufferPointer, from root: Int) throws {
    scope.requireOpen()
    for piece in pieces(of: message.count) {
      try gate("MPI_Bcast", peer: rank == root ? nil : ("from", members[root])) {
        MPI_Bcast(message.baseAddress! + piece.lowerBound, Int32(piece.count), giv_mpi_byte(), Int32(root), handle)
      }
    }
  }

  func allGather(_ message: [UInt8]) throws -> [[UInt8]] {
    scope.requireOpen()
    var count = Int64(message.count)
    var counts = [Int64](repeating: 0, count: size)
    try gate("MPI_Allgather") {
      MPI_Allgather(&count, 1, giv_mpi_int64(), &counts, 1, giv_mpi_int64(), handle)
    }
    let total = counts.reduce(0, +)
    if total == 0 { return Array(repeating: [], count: size) }
    if total > largestMessage {
      return try counts.indices.map { try broadcast(message, count: Int(counts[$0]), from: $0) }
    }
    let starts = counts.indices.map { Int(counts[..<$0].reduce(0, +)) }
    var all = [UInt8](repeating: 0, count: Int(total))
    try gate("MPI_Allgatherv") {
      MPI_Allgatherv(
        message, Int32(count), giv_mpi_byte(), &all, counts.map { Int32($0) }, starts.map { Int32($0) },
        giv_mpi_byte(), handle)
    }
    return zip(starts, counts).map { Array(all[$0..<$0 + Int($1)]) }
  }

  func barrier() throws {
    scope.requireOpen()
    try gate("MPI_Barrier") { MPI_Barrier(handle) }
  }

  func split(color: Int) throws -> any Communicator {
    let colors = try allGather(elements: [color])
    return try MPICommunicator(splitting: self, places: colors.indices.filter { colors[$0] == [color] })
  }

  private func broadcast(_ message: [UInt8], count: Int, from root: Int) throws -> [UInt8] {
    var copy = rank == root ? message : Array(repeating: 0, count: count)
    try copy.withUnsafeMutableBytes { try broadcast($0, from: root) }
    return copy
  }

  private func pieces(of count: Int) -> some Sequence<Range<Int>> {
    stride(from: 0, to: count, by: largestMessage).lazy.map { [largestMessage] in
      $0..<Swift.min($0 + largestMessage, count)
    }
  }
}
