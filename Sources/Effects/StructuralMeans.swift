import LinearAlgebra
import NonparametricIV

/// What a function g(t, x) says of the rows: its means over the covariates of all rows at some treatments, and its mean
/// slope at the rows' own.
struct StructuralMeans: Sendable {
  /// Σ v g(t_p, x_i) / Σ v.
  let outcomes: [Double]
  /// Σ v (g(t_i + h, x_i) - g(t_i - h, x_i)) / 2h Σ v, with h a thousandth of the standard deviation of t.
  let averageSlope: Double

  private static let step = 1e-3

  /// One pass. Collective.
  init(_ source: some StructuralRows, _ function: some StructuralFunction, at treatments: [Double], unit: Double) throws
  {
    let count = treatments.count
    let step = Self.step * unit
    let sums = try source.rows.sum([Double](repeating: 0, count: count + 2)) { sums, chunk in
      try source.withChunk(chunk) { block in
        let (rowCount, stride) = (block.rowCount, Kernel.paddedCount(block.rowCount))
        let storage = AlignedBuffer(count: (count + 3) * stride)
        let (values, moved) = (storage.pointer + stride, storage.pointer)
        function.evaluate(
          at: treatments, covariates: block.covariates, rowCount: rowCount, into: values, stride: stride)
        for (side, change) in [step, -step].enumerated() {
          for row in 0..<rowCount { moved[row] = block.treatment[row] + change }
          function.evaluate(
            moved, covariates: block.covariates, rowCount: rowCount, into: values + (count + side) * stride)
        }
        for row in 0..<rowCount {
          let weight = block.weights?[row] ?? 1
          for place in 0..<count { sums[place] += weight * values[place * stride + row] }
          let rise = values[count * stride + row] - values[(count + 1) * stride + row]
          sums[count] += weight * rise / (2 * step)
          sums[count + 1] += weight
        }
      }
    }
    outcomes = sums[..<count].map { $0 / sums[count + 1] }
    averageSlope = sums[count] / sums[count + 1]
  }
}
