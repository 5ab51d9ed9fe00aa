import COpenBLAS

/// OpenBLAS, which rounds differently on different processors: all that is left of it in the program.
///
/// It is the yardstick of benchmarks and tests. No number of a result may come from here.
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

  /// The matrix product, by dgemm.
  public static func product(_ left: Matrix, _ right: Matrix) -> Matrix {
    precondition(left.columns == right.rows, "inner dimensions of a product must agree")
    var result = Matrix(rows: left.rows, columns: right.columns)
    guard !result.values.isEmpty, left.columns > 0 else { return result }
    cblas_dgemm(
      CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(left.rows), Int32(right.columns), Int32(left.columns), 1,
      left.values, Int32(left.columns), right.values, Int32(right.columns), 0, &result.values, Int32(right.columns))
    return result
  }
}
