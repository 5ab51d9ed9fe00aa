import LinearAlgebra

/// g(t, x) = Σ_l α_l k((t, x), l), with k a Gaussian kernel at landmarks l.
public struct KernelExpansion: StructuralFunction, Equatable {
  let kernel: GaussianKernel
  let coefficients: [Double]

  public func evaluate(
    _ treatment: UnsafePointer<Double>, covariates: [UnsafePointer<Double>], rowCount: Int,
    into values: UnsafeMutablePointer<Double>
  ) {
    let stride = Kernel.paddedCount(rowCount)
    expand(
      [treatment] + covariates, kernel, [coefficients], rowCount: rowCount, into: values, stride: stride)
  }

  /// The kernel is a product over t and x: that of x is evaluated once for all treatments.
  public func evaluate(
    at treatments: [Double], covariates: [UnsafePointer<Double>], rowCount: Int,
    into values: UnsafeMutablePointer<Double>, stride: Int
  ) {
    let landmarks = (0..<kernel.count).map {
      Array(kernel.landmarks[$0 * kernel.dimension..<($0 + 1) * kernel.dimension])
    }
    let scale = 1 / (2 * kernel.width * kernel.width)
    let weights = treatments.map { t in
      zip(landmarks, coefficients).map { landmark, coefficient in
        coefficient * Elementary.exp(-scale * (t - landmark[0]) * (t - landmark[0]))
      }
    }
    let ofCovariates = GaussianKernel(landmarks.map { Array($0.dropFirst()) }, width: kernel.width)
    expand(covariates, ofCovariates, weights, rowCount: rowCount, into: values, stride: stride)
  }

  /// Writes Σ_l weights[p][l] k(row i, l) to `values[p * stride + i]`.
  private func expand(
    _ columns: [UnsafePointer<Double>], _ kernel: GaussianKernel, _ weights: [[Double]], rowCount: Int,
    into values: UnsafeMutablePointer<Double>, stride: Int
  ) {
    let length = Self.blockLength
    let inputs = AlignedBuffer(count: columns.count * length)
    let kernels = AlignedBuffer(count: (1 + kernel.count) * length)
    let outputs = AlignedBuffer(count: weights.count * length)
    let layer: [Double] = weights.flatMap { [0.0] + $0 }
    for first in Swift.stride(from: 0, to: rowCount, by: length) {
      let count = min(length, rowCount - first)
      for (j, column) in columns.enumerated() {
        (inputs.pointer + j * length).update(from: column + first, count: count)
      }
      kernel.evaluate(inputs.pointer, rowCount: count, into: kernels.pointer + length, stride: length)
      Kernel.Layer(inputs: kernel.count, outputs: weights.count, rowCount: count, stride: length)
        .forward(weights: layer, inputs: kernels.pointer, outputs: outputs.pointer)
      for place in weights.indices {
        (values + place * stride + first).update(from: outputs.pointer + place * length, count: count)
      }
    }
  }

  /// Rows whose kernels stay in the cache together.
  private static let blockLength = 128
}
