import LinearAlgebra

/// Nyström features of a kernel: coordinates in which the functions that its landmarks span have the norm of the kernel's
/// space for length.
///
/// With K(l, l') = E diag(e) E' the features of u are diag(e)^-½ E' k(u), one for each e that is not lost in rounding
/// (Williams and Seeger 2001, "Using the Nyström method to speed up kernel machines"). With all rows for landmarks nothing
/// is approximated.
struct KernelFeatures: Sendable {
  let coordinates: KernelCoordinates
  let kernel: GaussianKernel
  /// diag(e)^-½ E', one row for each feature, each with a 0 before it for the constant.
  private let whitening: Matrix

  var count: Int { whitening.rows }

  /// - Parameter landmarks: rows of y, t, x, z.
  init(_ coordinates: KernelCoordinates, landmarks: [[Double]], width: Double) throws {
    self.coordinates = coordinates
    kernel = GaussianKernel(landmarks.map(coordinates.callAsFunction), width: width)
    let eigen = try SymmetricEigen(kernel.gram)
    let least = Double.ulpOfOne * Double(kernel.count) * (eigen.values.last ?? 0)
    let kept = eigen.values.indices.filter { eigen.values[$0] > least }
    var whitening = Matrix(rows: kept.count, columns: 1 + kernel.count)
    for (row, place) in kept.enumerated() {
      let root = eigen.values[place].squareRoot()
      for l in 0..<kernel.count { whitening[row, 1 + l] = eigen.vectors[l, place] / root }
    }
    self.whitening = whitening
  }

  /// Writes feature f of row i to `output[f * stride + i]`.
  ///
  /// - Parameter columns: y, t, x, z.
  func evaluate(
    _ columns: [UnsafePointer<Double>], rowCount: Int, into output: UnsafeMutablePointer<Double>, stride: Int
  ) {
    let inputs = AlignedBuffer(count: coordinates.count * stride)
    coordinates.fill(columns, rowCount: rowCount, into: inputs.pointer, stride: stride)
    let values = AlignedBuffer(count: (1 + kernel.count) * stride)
    kernel.evaluate(inputs.pointer, rowCount: rowCount, into: values.pointer + stride, stride: stride)
    Kernel.Layer(inputs: kernel.count, outputs: count, rowCount: rowCount, stride: stride)
      .forward(weights: whitening.values, inputs: values.pointer, outputs: output)
  }

  /// The function with these coefficients on the features.
  func function(_ coefficients: [Double]) -> KernelExpansion {
    let weights = (0..<kernel.count).map { l in
      coefficients.indices.reduce(0.0) { $0 + whitening[$1, 1 + l] * coefficients[$1] }
    }
    return KernelExpansion(kernel: kernel, coefficients: weights)
  }
}
