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
  let order: [Int]

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
    try withChunk(chunk, EffectColumns(self, chunk), body)
  }

  /// - Parameter shared: of these rows, or of others that differ in nothing but ``members``, these among theirs.
  func withChunk<Result>(
    _ chunk: Int, _ shared: EffectColumns, _ body: (InstrumentalChunk) throws -> Result
  ) throws -> Result {
    let (rowCount, stride) = (shared.rowCount, shared.stride)
    let (groupWeights, rowWeights) = try weights(chunk, shared)
    let storage = AlignedBuffer(count: names.instruments.count * stride)
    fillInstruments(shared, groupWeights, into: storage.pointer)
    let instruments = names.instruments.indices.map { UnsafePointer(storage.pointer + $0 * stride) }
    return try withExtendedLifetime((storage, rowWeights, shared)) {
      try body(
        InstrumentalChunk(
          rowCount: rowCount, columns: shared.controls + instruments + shared.targets,
          weights: try rowWeights.map { UnsafePointer($0.pointer) } ?? table.frame.observationWeights(chunk: chunk),
          frequencies: try table.frame.frequencies(chunk: chunk),
          clusters: try clusterColumns.map { try table.frame.codes($0, chunk: chunk) }))
    }
  }

  /// Z_ik - π_k, or - π_k(x_i), at `k * stride + row`, among the groups in play; and the weights of the rows where these
  /// are not all.
  private func weights(_ chunk: Int, _ shared: EffectColumns) throws -> (groups: AlignedBuffer, rows: AlignedBuffer?) {
    let (rowCount, stride) = (shared.rowCount, shared.stride)
    let (weights, shares) = (shared.weights.copy(), shared.shares.copy())
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

  /// The instruments that a group has a part in, one for each of its terms.
  func columns(ofGroup k: Int, terms count: Int) -> Range<Int> {
    switch instruments {
    case .index, .rich: return 0..<count
    case .interactions, .groups:
      // The weights of the last group are what the others leave.
      let place = members.firstIndex(of: k) ?? members.count
      return place < members.count - 1 ? place * count..<(place + 1) * count : 0..<0
    }
  }

  private func fillInstruments(
    _ shared: EffectColumns, _ weights: AlignedBuffer, into output: UnsafeMutablePointer<Double>
  ) {
    let (rowCount, stride) = (shared.rowCount, shared.stride)
    for k in order {
      let (terms, weight) = (shared.terms[k], weights.pointer + k * stride)
      for (column, term) in zip(columns(ofGroup: k, terms: terms.count), terms) {
        let target = output + column * stride
        for row in 0..<rowCount { target[row] += weight[row] * term[row] }
      }
    }
  }
}

extension AlignedBuffer {
  fileprivate func copy() -> AlignedBuffer {
    let copy = AlignedBuffer(count: count)
    copy.pointer.update(from: pointer, count: count)
    return copy
  }
}
