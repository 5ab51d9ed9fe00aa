import COpenBLAS

/// The linear algebra library and its settings.
public enum BLAS {
  /// Keeps OpenBLAS to the calling thread: the ranks are the parallelism, and more threads would only take their cores.
  public static func pinThreads() {
    openblas_set_num_threads(1)
  }

  /// The number of threads that OpenBLAS would use.
  public static var threads: Int { Int(openblas_get_num_threads()) }

  /// The library's version, build options and the processor it has chosen its kernels for.
  public static var description: String {
    // Both strings are constants of the library.
    let configuration = String(cString: openblas_get_config())
    let core = String(cString: openblas_get_corename())
    return "\(configuration.trimmingPrefix { $0 == " " }) (running on \(core))"
  }
}
