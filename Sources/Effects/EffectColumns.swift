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
  /// W.
  let controls: [UnsafePointer<Double>]
  /// D, y.
  let targets: [UnsafePointer<Double>]
  /// For each group what the instruments multiply its weight by; for interactions one list for all.
  let terms: [[UnsafePointer<Double>]]
  private let storage: [AlignedBuffer]

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
    _ = try rows.index.fillShares(of: groups, chunk, rowCount: rowCount, into: shares.pointer, stride: stride)

    (self.rowCount, self.stride) = (rowCount, stride)
    let (terms, buffer) = try Self.terms(rows, chunk, standardized, deviations, rowCount: rowCount, stride: stride)
    self.terms = terms
    storage = [columns, buffer, variables]
  }

  private static func terms(
    _ rows: EffectRows, _ chunk: Int, _ standardized: [UnsafePointer<Double>], _ deviations: [UnsafePointer<Double>],
    rowCount: Int, stride: Int
  ) throws -> ([[UnsafePointer<Double>]], AlignedBuffer) {
    switch rows.instruments {
    case .groups: return ([], AlignedBuffer(count: 0))
    case .interactions(let basis):
      let terms = AlignedBuffer(count: (basis.count + 1) * stride)
      terms.pointer.update(repeating: 1, count: rowCount)
      basis.evaluate(standardized, rowCount: rowCount, into: terms.pointer + stride, stride: stride)
      return ([(0...basis.count).map { UnsafePointer(terms.pointer + $0 * stride) }], terms)
    case .index(let functions), .rich(let functions):
      let (m, count) = (deviations.count, functions.count + 2 * deviations.count)
      let groupCount = rows.groups.groupCount
      let terms = AlignedBuffer(count: groupCount * (count + 1) * stride)
      let indexes = terms.pointer + groupCount * count * stride
      try rows.index.fill(chunk, of: rows.order, isCrossFitted: true, into: indexes, stride: stride)
      var found = Array(repeating: [UnsafePointer<Double>](), count: groupCount)
      for k in rows.order {
        let f = indexes + k * stride
        let own = terms.pointer + k * count * stride
        let products = own + functions.count * stride
        functions.evaluate(f, deviations, rowCount: rowCount, into: own, stride: stride)
        // Around the mean of t, so that f and its square are not nearly the same column.
        let center = rows.table.treatment.mean
        for (j, x) in deviations.enumerated() {
          let (line, square) = (products + j * stride, products + (m + j) * stride)
          for row in 0..<rowCount {
            line[row] = (f[row] - center) * x[row]
            square[row] = (f[row] - center) * line[row]
          }
        }
        let chosen: [Int] =
          switch rows.instruments {
          case .index: (0..<m).map { functions.form.hasInteractions ? m + $0 : $0 }
          default: Array(0..<2 * m)
          }
        found[k] = (Array(0..<functions.count) + chosen.map { functions.count + $0 }).map {
          UnsafePointer(own + $0 * stride)
        }
      }
      return (found, terms)
    }
  }
}
