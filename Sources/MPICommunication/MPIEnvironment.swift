import COpenMPI
import Diagnostics
import Glibc

/// What a launcher told this process about the job, through environment variables.
///
/// To be read before MPI is started: a process that MPI could not connect then gets variables of a job of its own.
public enum MPIEnvironment {
  /// Whether the process was started by a launcher that Open MPI can join: mpirun, or srun with PMIx or PMI.
  public static var isLaunched: Bool {
    ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"].contains { (name: String) in getenv(name) != nil }
  }

  /// This process's rank as the launcher numbers it, before MPI is started; 0 without a launcher. For what only one
  /// process shall print, such as a help text.
  public static var launchedRank: Int {
    ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"].lazy.compactMap(number).first ?? 0
  }

  /// The name and version of the MPI library.
  public static var libraryVersion: String {
    var length: Int32 = 0
    let text = [UInt8](unsafeUninitializedCapacity: Int(MPI_MAX_LIBRARY_VERSION_STRING)) { buffer, count in
      buffer.withMemoryRebound(to: CChar.self) { _ = MPI_Get_library_version($0.baseAddress, &length) }
      count = Int(length)
    }
    return String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// The number of processes that the launcher started.
  static var launchedSize: Int {
    ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"].lazy.compactMap(number).first ?? 1
  }

  /// Refuses a job whose processes would each believe to be alone.
  ///
  /// - Parameters:
  ///   - size: The number of ranks that this process knows of.
  ///   - launched: ``launchedSize``, read before MPI was started.
  static func check(size: Int, launched: Int) throws {
    guard size == 1, launched > 1 else { return }
    throw Failure(
      .configuration,
      """
      \(launched) processes were started but MPI does not connect them; \
      start them with srun --mpi=pmix, or with the mpirun of Open MPI
      """)
  }

  private static func number(_ name: String) -> Int? {
    getenv(name).flatMap { Int(String(cString: $0)) }
  }
}
