import Communication
import Diagnostics
import LinearAlgebra

/// What has to hold on all ranks before numbers are computed.
enum RankSetup {
  /// Pins BLAS to one thread, and refuses ranks whose BLAS would round differently: parameters are updated on every
  /// rank and must have the same bits. The kernels of the hot loop agree on all machines. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` `configuration`.
  static func requireOneKernel(_ communicator: any Communicator) throws {
    BLAS.pinThreads()
    let names = try communicator.allGather(value: BLAS.coreName)
    if let other = names.firstIndex(where: { $0 != names[0] }) {
      throw Failure(
        .configuration,
        "OpenBLAS chose kernels '\(names[0])' on rank 0 and '\(names[other])' on rank \(other), which round differently; "
          + "set OPENBLAS_CORETYPE to one that all machines have, such as Haswell (mpirun -x OPENBLAS_CORETYPE=Haswell)"
      )
    }
  }
}
