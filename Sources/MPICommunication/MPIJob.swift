import COpenMPI
import Communication
import Diagnostics
import Glibc

/// One run of a program on all ranks, from the start of MPI to the exit code.
public enum MPIJob {
  /// Runs `body` on the ranks of the job, or on one process alone when no launcher started it, and returns the exit
  /// code. An executable calls it once, on its main thread, and exits with what it returns.
  ///
  /// A ``Failure`` that all ranks throw, agreed or found by each alike, is printed once, by rank 0. A failure of one rank
  /// while the others work on or wait is printed once by that rank, and ends the job. Nothing hangs: a call that takes
  /// longer than `stallTimeout` ends the job with ``ExitCode/temporary``.
  ///
  /// - Parameters:
  ///   - stallTimeout: Seconds that one MPI call may take; 0 for any time.
  ///   - body: The program. What it printed is written whatever happens; when that fails, it has failed with
  ///     ``ExitCode/inputOutput``.
  public static func run(stallTimeout: Double, _ body: (any Communicator) throws -> Void) -> Int32 {
    run(stallTimeout: stallTimeout, largestMessage: Int(Int32.max), body)
  }

  /// The same with a limit to the bytes of one MPI call, which tests lower.
  package static func run(
    stallTimeout: Double, largestMessage: Int, _ body: (any Communicator) throws -> Void
  ) -> Int32 {
    let launchedSize = MPIEnvironment.launchedSize
    let isFirst = MPIEnvironment.launchedRank == 0
    func checked(_ communicator: any Communicator) throws {
      try MPIEnvironment.check(size: communicator.size, launched: launchedSize)
      try body(communicator)
      try communicator.agree { try StandardOutput.flush() }
    }
    guard MPIEnvironment.isLaunched else { return runAlone(isFirst: isFirst, checked) }
    // Waiting ranks give way to working ones; without it, more ranks than cores wait a thousand times longer.
    setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0)
    do {
      let world = try start(stallTimeout: stallTimeout, largestMessage: largestMessage)
      return try finish(world, Result { try checked(world.communicator) }, isFirst: isFirst)
    } catch {
      return abort(Failure(error))
    }
  }

  private static func runAlone(isFirst: Bool, _ body: (any Communicator) throws -> Void) -> Int32 {
    do {
      try body(SoloCommunicator())
      return 0
    } catch {
      let failure = Failure(error)
      if isFirst { ErrorOutput.write(failure) }
      return failure.exitCode.rawValue
    }
  }

  private struct World {
    let communicator: MPICommunicator
    let notes: FailureNotes
    let gate: MPIGate
  }

  private static func start(stallTimeout: Double, largestMessage: Int) throws -> World {
    var provided: Int32 = 0
    try MPIGate()("MPI_Init_thread") { MPI_Init_thread(nil, nil, Int32(MPI_THREAD_FUNNELED), &provided) }
    guard provided >= MPI_THREAD_FUNNELED else {
      throw Failure(.configuration, "the MPI library allows no threads; use one built with thread support")
    }
    var rank: Int32 = 0
    try MPIGate()("MPI_Comm_set_errhandler") {
      MPI_Comm_set_errhandler(giv_mpi_comm_world(), giv_mpi_errors_return())
    }
    try MPIGate()("MPI_Comm_rank") { MPI_Comm_rank(giv_mpi_comm_world(), &rank) }
    let gate = MPIGate(watchdog: stallTimeout > 0 ? Watchdog(rank: Int(rank), timeout: stallTimeout) : nil)
    let communicator = try MPICommunicator(worldThrough: gate, rank: Int(rank), largestMessage: largestMessage)
    let notes = try FailureNotes(rank: Int(rank), size: communicator.size, gate: gate)
    return World(communicator: communicator, notes: notes, gate: gate)
  }

  private static func finish(_ world: World, _ outcome: Result<Void, any Error>, isFirst: Bool) throws -> Int32 {
    var code: Int32 = 0
    if case .failure(let error) = outcome {
      let failures = try world.notes.exchange(Failure(error))
      guard failures.count == world.communicator.size else {
        return abort(failures, rank: world.communicator.rank)
      }
      let first = failures[0]!
      let isShared = failures.values.allSatisfy { $0 == first }
      if isFirst { ErrorOutput.write(isShared ? first : named(first, rank: 0)) }
      code = first.exitCode.rawValue
    }
    try world.notes.close()
    fflush(nil)
    try world.gate("MPI_Finalize") { MPI_Finalize() }
    return code
  }

  /// Ends the job for the ranks that failed; the lowest of them speaks, the others leave it time to.
  private static func abort(_ failures: [Int: Failure], rank: Int) -> Int32 {
    let speaker = failures.keys.min()!
    if rank != speaker { sleep(5) }
    return abort(named(failures[speaker]!, rank: speaker), isSilent: rank != speaker)
  }

  private static func named(_ failure: Failure, rank: Int) -> Failure {
    Failure(failure.exitCode, "rank \(rank): \(failure.message)")
  }

  private static func abort(_ failure: Failure, isSilent: Bool = false) -> Int32 {
    if !isSilent { ErrorOutput.write(failure) }
    fflush(nil)
    MPI_Abort(giv_mpi_comm_world(), failure.exitCode.rawValue)
    return failure.exitCode.rawValue
  }
}
