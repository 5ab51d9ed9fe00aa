import Communication
import Diagnostics
import Frames
import InstrumentalVariables
import LinearAlgebra

/// The rows of the instrumental regression of the outcome on functions of the treatment: controls W(x), instruments made
/// of groups, φ(t, x) and y, evaluated chunk by chunk in every pass.
struct EffectRows: InstrumentalRows {
  let table: EffectTable
  let groups: any GroupInstrument
  let index: GroupIndex
  /// Those of one form, or of several side by side.
  let functions: [OutcomeFunctions]
  let controls: ControlBasis
  let instruments: InstrumentSet
  let clusterColumns: [Int]
  let names: InstrumentalNames
  let clusterings: [Clustering]
  /// The order in which groups are summed.
  private let order: [Int]

  var rows: DistributedRows { table.rows }

  /// - Parameter clusters: categorical columns of the frame, two at most.
  init(
    _ table: EffectTable, groups: any GroupInstrument, index: GroupIndex, functions: [OutcomeFunctions],
    controls: ControlBasis, instruments: InstrumentSet, clusters: [Int]
  ) {
    self.table = table
    self.groups = groups
    self.index = index
    self.functions = functions
    self.controls = controls
    self.instruments = instruments
    clusterColumns = clusters
    names = InstrumentalNames(
      controls: controls.names,
      instruments: instruments.names(groups: groups.groupNames, covariates: table.covariateNames),
      endogenous: functions.flatMap(\.names), response: table.frame.outcomeName)
    clusterings = clusters.map { column in
      let schema = table.frame.schema.columns[column]
      return Clustering(name: schema.name, count: schema.kind.levels?.count ?? 0)
    }
    order = index.canonicalOrder
  }

  func withChunk<Result>(_ chunk: Int, _ body: (InstrumentalChunk) throws -> Result) throws -> Result {
    let stride = Kernel.paddedCount(table.rowCount(chunk))
    let m = table.covariates.count
    let storage = AlignedBuffer(count: names.all.count * stride)
    let variables = AlignedBuffer(count: (2 * m + 1) * stride)
    let t = variables.pointer + 2 * m * stride
    try table.fillTreatment(chunk, into: t)
    try table.fillCovariates(chunk, inStandardDeviations: true, into: variables.pointer, stride: stride)
    try table.fillCovariates(
      chunk, inStandardDeviations: false, into: variables.pointer + m * stride, stride: stride)
    let standardized = (0..<m).map { UnsafePointer(variables.pointer + $0 * stride) }
    let deviations = (0..<m).map { UnsafePointer(variables.pointer + (m + $0) * stride) }

    var next = storage.pointer
    let rowCount = table.rowCount(chunk)
    controls.evaluate(standardized, rowCount: rowCount, into: next, stride: stride)
    next += controls.count * stride
    try fillInstruments(chunk, standardized, deviations, into: next, stride: stride)
    next += names.instruments.count * stride
    for part in functions {
      part.evaluate(t, deviations, rowCount: rowCount, into: next, stride: stride)
      next += part.count * stride
    }
    guard let outcome = try table.frame.outcome(chunk: chunk) else { preconditionFailure("the frame has an outcome") }
    next.update(from: outcome, count: rowCount)

    let columns = names.all.indices.map { UnsafePointer(storage.pointer + $0 * stride) }
    return try withExtendedLifetime(storage) {
      try body(
        InstrumentalChunk(
          rowCount: rowCount, columns: columns, weights: try table.frame.observationWeights(chunk: chunk),
          frequencies: try table.frame.frequencies(chunk: chunk),
          clusters: try clusterColumns.map { try table.frame.codes($0, chunk: chunk) }))
    }
  }

  /// Z_ik - π_k, or - π_k(x_i), at `k * stride + row`.
  private func recentred(_ chunk: Int, stride: Int) throws -> AlignedBuffer {
    let groupCount = groups.groupCount
    let weights = AlignedBuffer(count: groupCount * stride)
    try groups.fill(chunk, into: weights.pointer, stride: stride)
    let shares = AlignedBuffer(count: groupCount * stride)
    let dependent = try groups.fillShares(chunk, into: shares.pointer, stride: stride)
    for k in 0..<groupCount {
      for row in 0..<table.rowCount(chunk) {
        weights.pointer[k * stride + row] -= dependent ? shares.pointer[k * stride + row] : index.shares[k]
      }
    }
    return weights
  }

  private func fillInstruments(
    _ chunk: Int, _ standardized: [UnsafePointer<Double>], _ deviations: [UnsafePointer<Double>],
    into output: UnsafeMutablePointer<Double>, stride: Int
  ) throws {
    let rowCount = table.rowCount(chunk)
    let weights = try recentred(chunk, stride: stride)
    defer { withExtendedLifetime(weights) {} }
    func add(_ values: UnsafePointer<Double>, times weight: UnsafePointer<Double>, to column: Int) {
      let target = output + column * stride
      for row in 0..<rowCount { target[row] += weight[row] * values[row] }
    }
    switch instruments {
    case .groups:
      for k in 0..<groups.groupCount - 1 {
        (output + k * stride).update(from: weights.pointer + k * stride, count: rowCount)
      }
    case .interactions(let basis):
      let terms = AlignedBuffer(count: (basis.count + 1) * stride)
      terms.pointer.update(repeating: 1, count: rowCount)
      basis.evaluate(standardized, rowCount: rowCount, into: terms.pointer + stride, stride: stride)
      for k in 0..<groups.groupCount - 1 {
        for j in 0...basis.count {
          add(
            UnsafePointer(terms.pointer + j * stride), times: UnsafePointer(weights.pointer + k * stride),
            to: k * (basis.count + 1) + j)
        }
      }
    case .index(let functions), .rich(let functions):
      let m = deviations.count
      let indexes = AlignedBuffer(count: index.groupCount * stride)
      try index.fill(chunk, isCrossFitted: true, into: indexes.pointer, stride: stride)
      let terms = AlignedBuffer(count: (functions.count + 2 * m) * stride)
      let products = terms.pointer + functions.count * stride
      for k in order {
        let f = UnsafePointer(indexes.pointer + k * stride)
        let own = UnsafePointer(weights.pointer + k * stride)
        functions.evaluate(f, deviations, rowCount: rowCount, into: terms.pointer, stride: stride)
        // Around the mean of t, so that f and its square are not nearly the same column.
        let center = table.treatment.mean
        for (j, x) in deviations.enumerated() {
          let (line, square) = (products + j * stride, products + (m + j) * stride)
          for row in 0..<rowCount {
            line[row] = (f[row] - center) * x[row]
            square[row] = (f[row] - center) * line[row]
          }
        }
        for j in 0..<functions.count { add(UnsafePointer(terms.pointer + j * stride), times: own, to: j) }
        let chosen: [Int] =
          switch instruments {
          case .index: (0..<m).map { functions.form.hasInteractions ? m + $0 : $0 }
          default: Array(0..<2 * m)
          }
        for (place, product) in chosen.enumerated() {
          add(UnsafePointer(products + product * stride), times: own, to: functions.count + place)
        }
      }
    }
  }
}
