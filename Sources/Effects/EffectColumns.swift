import Communication
import LinearAlgebra

/// What the columns of a chunk are made of, whichever groups are in play: controls, φ(t, x), y, the weights of all groups
/// and what they are multiplied by.
struct EffectColumns {
  let rowCount: Int
  let stride: Int
  /// Z_ik and π_k or π_k(x_i) at `k * stride + row`.
  let weights: AlignedBuffer
  let shares: AlignedBuffer
  /// Whether they are π_k(x_i).
  let sharesDepend: Bool
  /// W.
  let controls: [UnsafePointer<Double>]
  /// D, y.
  let targets: [UnsafePointer<Double>]
  /// For each group what the instruments multiply its weight by.
  private(set) var terms: [[UnsafePointer<Double>]]
  /// f_k where instruments are functions of it, and the deviations of covariates from their means.
  private(set) var indexes: [UnsafePointer<Double>]
  let deviations: [UnsafePointer<Double>]
  private let standardized: [UnsafePointer<Double>]
  private var storage: [AlignedBuffer]

  /// - Throws: a ``Failure`` when the chunk cannot be read.
  init(_ rows: EffectRows, _ chunk: Int) throws {
    let (table, functions) = (rows.table, rows.functions)
    let rowCount = table.rowCount(chunk)
    let (m, stride) = (table.covariates.count, Kernel.paddedCount(rowCount))
    let variables = AlignedBuffer(count: (2 * m + 1) * stride)
    let t = variables.pointer + 2 * m * stride
    try table.fillTreatment(chunk, into: t)
    try table.fillCovariates(chunk, inStandardDeviations: true, into: variables.pointer, stride: stride)
    try table.fillCovariates(
      chunk, inStandardDeviations: false, into: variables.pointer + m * stride, stride: stride)
    let standardized = (0..<m).map { UnsafePointer(variables.pointer + $0 * stride) }
    let deviations = (0..<m).map { UnsafePointer(variables.pointer + (m + $0) * stride) }

    let (controlCount, functionCount) = (rows.controls.count, functions.reduce(0) { $0 + $1.count })
    let columns = AlignedBuffer(count: (controlCount + functionCount + 1) * stride)
    rows.controls.evaluate(standardized, rowCount: rowCount, into: columns.pointer, stride: stride)
    var next = columns.pointer + controlCount * stride
    for part in functions {
      part.evaluate(t, deviations, rowCount: rowCount, into: next, stride: stride)
      next += part.count * stride
    }
    guard let outcome = try table.frame.outcome(chunk: chunk) else { preconditionFailure("the frame has an outcome") }
    next.update(from: outcome, count: rowCount)
    let all = (0...controlCount + functionCount).map { UnsafePointer(columns.pointer + $0 * stride) }
    (controls, targets) = (Array(all[..<controlCount]), Array(all[controlCount...]))

    let groups = rows.groups
    (weights, shares) = (
      AlignedBuffer(count: groups.groupCount * stride), AlignedBuffer(count: groups.groupCount * stride)
    )
    try groups.fill(chunk, into: weights.pointer, stride: stride)
    sharesDepend = try rows.index.fillShares(
      of: groups, chunk, rowCount: rowCount, into: shares.pointer, stride: stride)

    (self.rowCount, self.stride, self.standardized, self.deviations) = (rowCount, stride, standardized, deviations)
    storage = [columns, variables]
    (terms, indexes) = ([], [])
    try fillTerms(rows, chunk)
  }

  /// The same columns with other instruments.
  ///
  /// - Parameter rows: that differ from those of these columns in the instruments alone.
  func replacingInstruments(by rows: EffectRows, _ chunk: Int) throws -> EffectColumns {
    var copy = self
    try copy.fillTerms(rows, chunk)
    return copy
  }

  private mutating func fillTerms(_ rows: EffectRows, _ chunk: Int) throws {
    let groupCount = rows.groups.groupCount
    let found: AlignedBuffer
    if let functions = IndexFunctions(rows.instruments, rows.table) {
      let count = functions.count
      found = AlignedBuffer(count: groupCount * (count + 1) * stride)
      let f = found.pointer + groupCount * count * stride
      try rows.index.fill(chunk, isCrossFitted: true, into: f, stride: stride)
      for k in rows.order {
        functions.evaluate(
          f + k * stride, deviations, rowCount: rowCount, into: found.pointer + k * count * stride, stride: stride)
      }
      let stride = stride
      terms = (0..<groupCount).map { k in
        (k * count..<(k + 1) * count).map { UnsafePointer(found.pointer + $0 * stride) }
      }
      indexes = (0..<groupCount).map { UnsafePointer(f + $0 * stride) }
    } else {
      // 1, and the basis of interactions: the same for all groups.
      var basis: ControlBasis?
      if case .interactions(let given) = rows.instruments { basis = given }
      let (count, stride) = (basis?.count ?? 0, stride)
      found = AlignedBuffer(count: (count + 1) * stride)
      found.pointer.update(repeating: 1, count: rowCount)
      basis?.evaluate(standardized, rowCount: rowCount, into: found.pointer + stride, stride: stride)
      terms = Array(repeating: (0...count).map { UnsafePointer(found.pointer + $0 * stride) }, count: groupCount)
      indexes = []
    }
    storage.append(found)
  }
}
