import CMalloc
import Diagnostics
import Glibc
import LinearAlgebra

/// What is set on every rank before a command runs; no choice made here changes a bit of a result.
enum RankSetup {
  /// Names the kernel of the process; see ``Kernel/select(_:)``.
  static let kernelVariable = "GIV_KERNEL"

  /// Memory that was freed stays with the process, up to so many bytes at the end of the heap; blocks of this size or more have
  /// pages of their own, which go back at once. Sums of megabytes come and go with every chunk and step, and to have their
  /// pages cleared by the system each time took a quarter of a training's time on two ranks.
  private static let (keptBytes, ownPagesBytes): (Int32, Int32) = (16 << 20, 4 << 20)

  /// Sets how memory is kept, pins OpenBLAS, the yardstick of benchmarks, to one thread, and chooses the kernel.
  ///
  /// - Parameter kernel: the one that `--kernel` names; nil for that of `GIV_KERNEL`, or the fastest of this machine.
  /// - Throws: ``Failure`` `usage` when this machine has no kernel of that name.
  static func prepare(kernel: String?) throws {
    mallopt(M_TRIM_THRESHOLD, keptBytes)
    mallopt(M_MMAP_THRESHOLD, ownPagesBytes)
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
