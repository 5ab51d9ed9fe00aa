import Communication
import Frames
import LinearAlgebra

/// What of φ the answers are made of: its means and mean slopes over the rows.
struct OutcomeMeans: Sendable {
  /// E[φ], with weights.
  let functions: [Double]
  /// E[∂φ/∂t].
  let slopes: [Double]
  /// E[y].
  let outcome: Double

  /// One pass. Collective.
  init(_ table: EffectTable, _ functions: OutcomeFunctions) throws {
    let (q, m) = (functions.count, table.covariates.count)
    let sums = try table.rows.sum([Double](repeating: 0, count: 2 * q + 2)) { sums, chunk in
      let stride = Kernel.paddedCount(table.rowCount(chunk))
      let storage = AlignedBuffer(count: (m + 1 + 2 * q) * stride)
      let t = storage.pointer + m * stride
      try table.fillTreatment(chunk, into: t)
      try table.fillCovariates(chunk, inStandardDeviations: false, into: storage.pointer, stride: stride)
      let x = (0..<m).map { UnsafePointer(storage.pointer + $0 * stride) }
      let (values, slopes) = (t + stride, t + (1 + q) * stride)
      let rowCount = table.rowCount(chunk)
      functions.evaluate(t, x, rowCount: rowCount, into: values, stride: stride)
      functions.evaluateSlopes(t, x, rowCount: rowCount, into: slopes, stride: stride)
      let (weights, outcome) = (try table.frame.weight(chunk: chunk), try table.frame.outcome(chunk: chunk)!)
      for row in 0..<rowCount {
        let weight = weights?[row] ?? 1
        sums[2 * q] += weight
        sums[2 * q + 1] += weight * outcome[row]
      }
      for j in 0..<q {
        for row in 0..<rowCount {
          let weight = weights?[row] ?? 1
          sums[j] += weight * values[j * stride + row]
          sums[q + j] += weight * slopes[j * stride + row]
        }
      }
    }
    let total = sums[2 * q]
    self.functions = sums[..<q].map { $0 / total }
    slopes = sums[q..<2 * q].map { $0 / total }
    outcome = sums[2 * q + 1] / total
  }
}
