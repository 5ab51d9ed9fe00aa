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
  /// - Parameter columns: coordinate j of row i at `columns[j * stride + i]`.
  func evaluate(
    _ columns: UnsafePointer<Double>, rowCount: Int, into values: UnsafeMutablePointer<Double>, stride: Int
  ) {
    let scale = -1 / (2 * width * width)
    for l in 0..<count {
      let own = values + l * stride
      for row in 0..<rowCount { own[row] = 0 }
      for (j, place) in landmark(l).enumerated() {
        let column = columns + j * stride
        for row in 0..<rowCount {
          let difference = column[row] - place
          own[row] += difference * difference
        }
      }
      for row in 0..<rowCount { own[row] *= scale }
      Kernel.exponentials(of: own, count: rowCount)
    }
  }
}
