import Communication
import LinearAlgebra
import NonparametricIV

/// The rows of an effect for nonparametric regressions: y, t and x in the data's units, and for instruments the weights
/// of the groups, in an order in which their names play no part, or the columns that are one.
package struct EffectStructuralRows: StructuralRows {
  let table: EffectTable
  /// Nil for no instrument.
  let groups: (any GroupInstrument)?
  /// The order of the groups.
  let order: [Int]

  init(table: EffectTable, groups: (any GroupInstrument)?, order: [Int]) {
    self.table = table
    self.groups = groups
    self.order = order
  }

  /// Groups in their own order.
  package init(_ table: EffectTable, groups: (any GroupInstrument)?) {
    self.init(table: table, groups: groups, order: Array(0..<(groups?.groupCount ?? 0)))
  }

  package var rows: DistributedRows { table.rows }
  package var covariateCount: Int { table.covariates.count }
  package var instrumentCount: Int { groups?.causes?.covariateCount ?? order.count }

  package func withChunk<Result>(_ chunk: Int, _ body: (StructuralChunk) throws -> Result) throws -> Result {
    let rowCount = table.rowCount(chunk)
    let stride = Kernel.paddedCount(rowCount)
    let (m, k) = (covariateCount, instrumentCount)
    let storage = AlignedBuffer(count: (2 + m + k) * stride)
    guard let outcome = try table.frame.outcome(chunk: chunk) else { preconditionFailure("the frame has an outcome") }
    storage.pointer.update(from: outcome, count: rowCount)
    try table.fillTreatment(chunk, into: storage.pointer + stride)
    try table.fillDataCovariates(chunk, into: storage.pointer + 2 * stride, stride: stride)
    let instruments = storage.pointer + (2 + m) * stride
    if let causes = groups?.causes {
      for j in 0..<k {
        (instruments + j * stride).update(from: try causes.pointer(covariate: j, chunk: chunk), count: rowCount)
      }
    } else {
      try groups?.fill(chunk, into: instruments, stride: stride)
    }
    let columns = (0..<2 + m + k).map { UnsafePointer(storage.pointer + $0 * stride) }
    return try withExtendedLifetime(storage) {
      try body(
        StructuralChunk(
          rowCount: rowCount, outcome: columns[0], treatment: columns[1], covariates: Array(columns[2..<2 + m]),
          instruments: (groups?.causes == nil ? order : Array(0..<k)).map { columns[2 + m + $0] },
          weights: try table.frame.weight(chunk: chunk)))
    }
  }
}

extension EffectTable {
  /// Writes each covariate in the units of the data to `values[j * stride + row]`.
  fileprivate func fillDataCovariates(
    _ chunk: Int, into values: UnsafeMutablePointer<Double>, stride: Int
  ) throws {
    for j in covariates.indices {
      let x = try frame.pointer(covariate: j, chunk: chunk)
      let own = values + j * stride
      for row in 0..<rowCount(chunk) { own[row] = scaling.centers[j] + scaling.scales[j] * x[row] }
    }
  }
}
