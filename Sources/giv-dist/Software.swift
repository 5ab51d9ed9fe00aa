import Commit
import LinearAlgebra
import MPICommunication
import Runs
import Storage

/// Versions of what a result was computed with.
enum Software {
  static var versions: [String: String] {
    [
      "giv-dist": programVersion, "commit": builtCommit, "numerics": SoftwareVersion.numerics, "kernel": Kernel.name,
      "hdf5": HDF5File.libraryVersion, "mpi": MPIEnvironment.libraryVersion,
    ]
  }

  /// What `--version` prints: the version, and below it what else makes the program.
  static var text: String {
    """
    \(programVersion)
    commit   \(builtCommit)
    kernels  \(Kernel.names.joined(separator: ", ")); \(Kernel.name) on this processor
    MPI      \(MPIEnvironment.libraryVersion)
    HDF5     \(HDF5File.libraryVersion)
    """
  }
}
