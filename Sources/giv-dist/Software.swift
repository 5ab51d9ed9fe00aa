import Dataset
import LinearAlgebra
import MPICommunication

/// Versions of what a result was computed with.
struct Software: Encodable {
  let givDist = programVersion
  let kernel = Kernel.name
  let blas = BLAS.description
  let blasKernel = BLAS.coreName
  let hdf5 = HDF5File.libraryVersion
  let mpi = MPIEnvironment.libraryVersion

  enum CodingKeys: String, CodingKey {
    case givDist = "giv-dist"
    case kernel, blas
    case blasKernel = "blas-kernel"
    case hdf5, mpi
  }

  static func json() throws -> String { try jsonText(Software()) }
}
