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
  /// The groups in play, in their order. With some only, a row weighs v_i s_i, s_i the sum of its weights in them, its
  /// group weights are Z_ik / s_i, and their means π_k / Σ π.
  let members: [Int]
  let clusterColumns: [Int]
  let names: InstrumentalNames
  let clusterings: [Clustering]
  /// The order in which groups are summed.
  private let order: [Int]

  var rows: DistributedRows { table.rows }

  /// - Parameters:
  ///   - members: the groups in play; nil for all.
  ///   - clusters: categorical columns of the frame, two at most.
  init(
    _ table: EffectTable, groups: any GroupInstrument, index: GroupIndex, functions: [OutcomeFunctions],
    controls: ControlBasis, instruments: InstrumentSet, members: [Int]? = nil, clusters: [Int]
  ) {
    let members = members ?? Array(0..<groups.groupCount)
    self.table = table
    self.groups = groups
    self.index = index
    self.functions = functions
    self.controls = controls
    self.instruments = instruments
    self.members = members
    clusterColumns = clusters
    names = InstrumentalNames(
      controls: controls.names,
      instruments: instruments.names(groups: members.map { groups.groupNames[$0] }, covariates: table.covariateNames),
      endogenous: functions.flatMap(\.names), response: table.frame.outcomeName)
    clusterings = clusters.map { column in
      let schema = table.frame.schema.columns[column]
      return Clustering(name: schema.name, count: schema.kind.levels?.count ?? 0)
    }
    order = index.canonicalOrder.filter(members.contains)
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
    let (groupWeights, rowWeights) = try weights(chunk, stride: stride)
    try fillInstruments(chunk, groupWeights, standardized, deviations, into: next, stride: stride)
    next += names.instruments.count * stride
    for part in functions {
      part.evaluate(t, deviations, rowCount: rowCount, into: next, stride: stride)
      next += part.count * stride
    }
    guard let outcome = try table.frame.outcome(chunk: chunk) else { preconditionFailure("the frame has an outcome") }
    next.update(from: outcome, count: rowCount)

    let columns = names.all.indices.map { UnsafePointer(storage.pointer + $0 * stride) }
    return try withExtendedLifetime((storage, rowWeights)) {
      try body(
        InstrumentalChunk(
          rowCount: rowCount, columns: columns,
          weights: try rowWeights.map { UnsafePointer($0.pointer) } ?? table.frame.observationWeights(chunk: chunk),
          frequencies: try table.frame.frequencies(chunk: chunk),
          clusters: try clusterColumns.map { try table.frame.codes($0, chunk: chunk) }))
    }
  }

  /// Z_ik - π_k, or - π_k(x_i), at `k * stride + row`, among the groups in play; and the weights of the rows where these
  /// are not all.
  private func weights(_ chunk: Int, stride: Int) throws -> (groups: AlignedBuffer, rows: AlignedBuffer?) {
    let rowCount = table.rowCount(chunk)
    let (weights, shares) = (
      AlignedBuffer(count: groups.groupCount * stride), AlignedBuffer(count: groups.groupCount * stride)
    )
    try groups.fill(chunk, into: weights.pointer, stride: stride)
    _ = try index.fillShares(of: groups, chunk, rowCount: rowCount, into: shares.pointer, stride: stride)
    var rowWeights: AlignedBuffer?
    if members.count < groups.groupCount {
      let inPlay = normalize(weights, rowCount: rowCount, stride: stride)
      _ = normalize(shares, rowCount: rowCount, stride: stride)
      if let given = try table.frame.observationWeights(chunk: chunk) {
        for row in 0..<rowCount { inPlay.pointer[row] *= given[row] }
      }
      rowWeights = inPlay
    }
    for k in members {
      for row in k * stride..<k * stride + rowCount { weights.pointer[row] -= shares.pointer[row] }
    }
    return (weights, rowWeights)
  }

  /// Divides what the groups in play have of each row by its sum, where there is any, and gives the sums.
  private func normalize(_ values: AlignedBuffer, rowCount: Int, stride: Int) -> AlignedBuffer {
    let sums = AlignedBuffer(count: stride)
    for k in order { for row in 0..<rowCount { sums.pointer[row] += values.pointer[k * stride + row] } }
    for k in order {
      let own = values.pointer + k * stride
      for row in 0..<rowCount where sums.pointer[row] > 0 { own[row] /= sums.pointer[row] }
    }
    return sums
  }

  private func fillInstruments(
    _ chunk: Int, _ weights: AlignedBuffer, _ standardized: [UnsafePointer<Double>],
    _ deviations: [UnsafePointer<Double>], into output: UnsafeMutablePointer<Double>, stride: Int
  ) throws {
    let rowCount = table.rowCount(chunk)
    func add(_ values: UnsafePointer<Double>, times weight: UnsafePointer<Double>, to column: Int) {
      let target = output + column * stride
      for row in 0..<rowCount { target[row] += weight[row] * values[row] }
    }
    switch instruments {
    case .groups:
      for (place, k) in members.dropLast().enumerated() {
        (output + place * stride).update(from: weights.pointer + k * stride, count: rowCount)
      }
    case .interactions(let basis):
      let terms = AlignedBuffer(count: (basis.count + 1) * stride)
      terms.pointer.update(repeating: 1, count: rowCount)
      basis.evaluate(standardized, rowCount: rowCount, into: terms.pointer + stride, stride: stride)
      for (place, k) in members.dropLast().enumerated() {
        for j in 0...basis.count {
          add(
            UnsafePointer(terms.pointer + j * stride), times: UnsafePointer(weights.pointer + k * stride),
            to: place * (basis.count + 1) + j)
        }
      }
    case .index(let functions), .rich(let functions):
      let m = deviations.count
      let indexes = AlignedBuffer(count: index.groupCount * stride)
      try index.fill(chunk, of: order, isCrossFitted: true, into: indexes.pointer, stride: stride)
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
