import Diagnostics
import Glibc
import LinearAlgebra

/// What is set on every rank before a command runs; no choice made here changes a bit of a result.
enum RankSetup {
  /// Names the kernel of the process; see ``Kernel/select(_:)``.
  static let kernelVariable = "GIV_KERNEL"

  /// Pins OpenBLAS, the yardstick of benchmarks, to one thread, and chooses the kernel.
  ///
  /// - Parameter kernel: the one that `--kernel` names; nil for that of `GIV_KERNEL`, or the fastest of this machine.
  /// - Throws: ``Failure`` `usage` when this machine has no kernel of that name.
  static func prepare(kernel: String?) throws {
    BLAS.pinThreads()
    let variable = getenv(kernelVariable).map { String(cString: $0) }
    guard let name = kernel ?? variable, !name.isEmpty else { return }
    do {
      try Kernel.select(name)
    } catch let failure as Failure {
      throw Failure(failure.exitCode, "\(kernel == nil ? kernelVariable : "--kernel"): \(failure.message)")
    }
  }
}
