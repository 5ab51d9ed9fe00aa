import Diagnostics
import Glibc
import LinearAlgebra

/// What is set on every rank before a command runs; no choice made here changes a bit of a result.
enum RankSetup {
  /// Names the kernel of the process; see ``Kernel/select(_:)``.
  static let kernelVariable = "GIV_KERNEL"

  /// Pins OpenBLAS, the yardstick of benchmarks, to one thread, and chooses the kernel that `GIV_KERNEL` names.
  ///
  /// - Throws: ``Failure`` `usage` when this machine has no kernel of that name.
  static func prepare() throws {
    BLAS.pinThreads()
    guard let name = getenv(kernelVariable).map({ String(cString: $0) }), !name.isEmpty else { return }
    do {
      try Kernel.select(name)
    } catch let failure as Failure {
      throw Failure(failure.exitCode, "\(kernelVariable): \(failure.message)")
    }
  }
}
