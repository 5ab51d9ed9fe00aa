import Communication
import LinearAlgebra

extension StructuralChunk {
  /// y, t, x, z.
  var columns: [UnsafePointer<Double>] { [outcome, treatment] + covariates + instruments }
}

/// Which of the columns y, t, x, z a kernel is of, and in which units.
struct KernelCoordinates: Sendable, Codable, Equatable {
  let places: [Int]
  let centers: [Double]
  /// What a unit of the column counts; 0 for a column with one value.
  let units: [Double]

  var count: Int { places.count }

  /// t and x as they are.
  static func structural(covariateCount: Int) -> KernelCoordinates {
    let places = Array(1..<2 + covariateCount)
    return KernelCoordinates(
      places: places, centers: places.map { _ in 0 }, units: places.map { _ in 1 })
  }

  /// The instruments around their means in standard deviations, and x and y as they are.
  ///
  /// One pass. Collective.
  static func dual(
    _ source: some StructuralRows, hasCovariates: Bool = true, hasOutcome: Bool = false
  ) throws -> KernelCoordinates {
    let (m, k) = (source.covariateCount, source.instrumentCount)
    let sums = try source.rows.sum([Double](repeating: 0, count: 2 * k + 1)) { sums, chunk in
      try source.withChunk(chunk) { block in
        for row in 0..<block.rowCount { sums[2 * k] += block.weights?[row] ?? 1 }
        for (j, z) in block.instruments.enumerated() {
          for row in 0..<block.rowCount {
            let value = (block.weights?[row] ?? 1) * z[row]
            sums[j] += value
            sums[k + j] += value * z[row]
          }
        }
      }
    }
    let means = (0..<k).map { sums[$0] / sums[2 * k] }
    let units = (0..<k).map { j in
      let square = sums[k + j] / sums[2 * k]
      let variance = square - means[j] * means[j]
      return variance > 1e-12 * square ? 1 / variance.squareRoot() : 0
    }
    let others = (hasOutcome ? [0] : []) + (hasCovariates ? Array(2..<2 + m) : [])
    return KernelCoordinates(
      places: (0..<k).map { 2 + m + $0 } + others, centers: means + others.map { _ in 0 },
      units: units + others.map { _ in 1 })
  }

  /// Writes coordinate j of row i to `output[j * stride + i]`.
  ///
  /// - Parameter columns: y, t, x, z.
  func fill(
    _ columns: [UnsafePointer<Double>], rowCount: Int, into output: UnsafeMutablePointer<Double>, stride: Int
  ) {
    for (j, place) in places.enumerated() {
      let (own, column, center, unit) = (output + j * stride, columns[place], centers[j], units[j])
      for row in 0..<rowCount { own[row] = (column[row] - center) * unit }
    }
  }

  /// The coordinates of one row of values y, t, x, z.
  func callAsFunction(_ row: [Double]) -> [Double] {
    places.indices.map { (row[places[$0]] - centers[$0]) * units[$0] }
  }
}
