import COpenBLAS

/// The linear algebra library and its settings.
public enum BLAS {
  /// Keeps OpenBLAS to the calling thread: the ranks are the parallelism, and more threads would only take their cores.
  public static func pinThreads() {
    openblas_set_num_threads(1)
  }

  /// The number of threads that OpenBLAS would use.
  public static var threads: Int { Int(openblas_get_num_threads()) }

  /// The processor whose kernels the library has chosen.
  public static var coreName: String { String(cString: openblas_get_corename()) }

  /// The library's version, build options and the processor it has chosen its kernels for.
  public static var description: String {
    // Both strings are constants of the library.
    let configuration = String(cString: openblas_get_config())
    return "\(configuration.trimmingPrefix { $0 == " " }) (running on \(coreName))"
  }
}
