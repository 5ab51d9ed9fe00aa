import LinearAlgebra
import MPICommunication
import Runs
import Storage

/// Versions of what a result was computed with.
enum Software {
  static var versions: [String: String] {
    [
      "giv-dist": programVersion, "numerics": SoftwareVersion.numerics, "kernel": Kernel.name,
      "hdf5": HDF5File.libraryVersion,
      "mpi": MPIEnvironment.libraryVersion,
    ]
  }
}
