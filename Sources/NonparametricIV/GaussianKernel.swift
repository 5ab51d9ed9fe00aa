import LinearAlgebra

/// The Gaussian kernel exp(-|u - l|² / 2h²) at some landmarks l.
struct GaussianKernel: Sendable, Codable, Equatable {
  /// In coordinates, landmark after landmark.
  let landmarks: [Double]
  let dimension: Int
  /// h.
  let width: Double

  var count: Int { landmarks.count / dimension }

  init(_ landmarks: [[Double]], width: Double) {
    self.landmarks = Array(landmarks.joined())
    dimension = landmarks.first?.count ?? 1
    self.width = width
  }

  private func landmark(_ index: Int) -> ArraySlice<Double> {
    landmarks[index * dimension..<(index + 1) * dimension]
  }

  /// K(l, l').
  var gram: Matrix {
    let stride = Kernel.paddedCount(count)
    let (columns, values) = (AlignedBuffer(count: dimension * stride), AlignedBuffer(count: count * stride))
    for row in 0..<count {
      for (j, value) in landmark(row).enumerated() { columns.pointer[j * stride + row] = value }
    }
    evaluate(columns.pointer, rowCount: count, into: values.pointer, stride: stride)
    var gram = Matrix(rows: count, columns: count)
    for i in 0..<count {
      for j in 0...i { (gram[i, j], gram[j, i]) = (values[i * stride + j], values[i * stride + j]) }
    }
    return gram
  }

  /// Writes the kernel of row i and landmark l to `values[l * stride + i]`.
  ///
  /// The exponent is a product of (1, u, |u|²) with (-|l|², 2l, -1) / 2h², so that rows and landmarks meet in one matrix
  /// product.
  ///
  /// - Parameter columns: coordinate j of row i at `columns[j * stride + i]`.
  func evaluate(
    _ columns: UnsafePointer<Double>, rowCount: Int, into values: UnsafeMutablePointer<Double>, stride: Int
  ) {
    let inputs = AlignedBuffer(count: (dimension + 2) * stride)
    inputs.pointer.update(repeating: 1, count: stride)
    (inputs.pointer + stride).update(from: columns, count: dimension * stride)
    let squares = inputs.pointer + (dimension + 1) * stride
    for j in 0..<dimension {
      let column = columns + j * stride
      for row in 0..<rowCount { squares[row] += column[row] * column[row] }
    }
    let scale = 1 / (2 * width * width)
    let weights = (0..<count).flatMap { index in
      let landmark = landmark(index)
      return [-scale * landmark.reduce(0) { $0 + $1 * $1 }] + landmark.map { 2 * scale * $0 } + [-scale]
    }
    Kernel.Layer(inputs: dimension + 1, outputs: count, rowCount: rowCount, stride: stride)
      .forward(weights: weights, inputs: inputs.pointer, outputs: values)
    // Rounding may leave a distance below 0.
    for place in 0..<count * stride { values[place] = min(0, values[place]) }
    Kernel.exponentials(of: values, count: count * stride)
  }
}
