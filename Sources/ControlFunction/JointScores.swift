import Communication
import Frames
import LinearAlgebra
import Mixture
import Regression

/// The sums of products of scores over the rows, from which information and sandwich are made.
///
/// With s_ik the score of log π_k f_k at row i and s_i = Σ_k γ_ik s_ik that of the row's likelihood (Fisher's identity):
/// per group Σ w γ_ik (1, s_ik)(1, s_ik)', Σ w π_ik a_ik a_ik' of the part a_ik that is of the shares, and with κ2
/// Σ w γ_ik e_ik / τ_k² ρ_i ρ_i'; then Σ w (1, s_i)(1, s_i)' and Σ v (1, s_i)(1, s_i)', with v = w², or w where it counts
/// equal rows: the variance of w s, or of the sum of w independent s.
struct JointScores: Reducible {
  let parameters: JointParameters
  /// Where the products of each group lie.
  private let groups: [GroupProducts]
  /// Where those of the rows' likelihood lie: with weights, and with v behind them, which without weights are the same.
  private let totals: PackedTable
  private let totalCount: Int
  private var sums: [Double]
  /// Scores summed by cluster; nil for independent rows.
  private var clustered: Meat?

  /// Where the products of one group lie, as triangles.
  private struct GroupProducts {
    let own: PackedVector
    let shares: PackedVector
    let pulls: PackedVector
  }

  /// - Parameter clustered: takes scores of `parameters`; nil for independent rows.
  init(_ parameters: JointParameters, hasWeights: Bool, clustered: Meat? = nil) {
    self.parameters = parameters
    self.clustered = clustered
    var packing = Packing()
    func triangle(_ order: Int) -> PackedVector { packing.vector(PackedTriangle.count(order: order)) }
    groups = (0..<parameters.groups).map { k in
      GroupProducts(
        own: triangle(parameters.own(k).count + 1), shares: triangle(parameters.logShares.count),
        pulls: triangle(parameters.hasBends ? parameters.selection : 0))
    }
    totalCount = hasWeights ? 2 : 1
    totals = packing.table(totalCount, PackedTriangle.count(order: parameters.count + 1))
    sums = packing.zeros
  }

  var summands: [Double] {
    get { clustered.map { sums + $0.summands } ?? sums }
    set {
      guard clustered != nil else {
        sums = newValue
        return
      }
      clustered?.summands = Array(newValue[sums.count...])
      sums = Array(newValue[..<sums.count])
    }
  }

  private func matrix(_ places: Range<Int>, order: Int) -> Matrix {
    Matrix(packedTriangle: sums[places], order: order)
  }

  /// Σ w γ (1, s_k)(1, s_k)'.
  func own(_ group: Int) -> Matrix { matrix(groups[group].own.places, order: parameters.own(group).count + 1) }

  /// Σ w π_k a_k a_k'; over all groups the information of the shares.
  func shares(_ group: Int) -> Matrix { matrix(groups[group].shares.places, order: parameters.logShares.count) }

  /// Σ w γ e_k / τ_k² ρρ'; with κ2 only.
  func pulls(_ group: Int) -> Matrix { matrix(groups[group].pulls.places, order: parameters.selection) }

  /// Σ w (1, s)(1, s)': its first row holds the gradient of the log-likelihood.
  var weighted: Matrix { matrix(totals.row(0), order: parameters.count + 1) }
  /// The gradient of the log-likelihood.
  var gradient: [Double] { Array(weighted[row: 0].dropFirst()) }
  /// The variance of the gradient: Σ v s s', or Σ_g S_g S_g' over clusters.
  var meat: Matrix {
    clustered?.matrix ?? matrix(totals.row(totalCount - 1), order: parameters.count + 1).withoutConstant
  }

  /// Adds one chunk.
  ///
  /// - Parameter clusters: adds the rows' scores to a meat by cluster.
  mutating func add(
    _ block: Kernel.Block, weights: RowWeights, model: JointMixture,
    clusters: (ScoreRows, inout Meat) throws -> Void
  ) rethrows {
    let rows = ScoreRows(block: block, weights: weights, model: model, parameters: parameters)
    for k in 0..<parameters.groups {
      rows.fillOwn(k)
      rows.addToTotal(k)
      let count = parameters.own(k).count + 1
      addGram(rows.columns(0..<count), weights: rows.weightedPosterior(k), at: groups[k].own[0], of: rows)
      let shares = rows.columns(count - parameters.logShares.count..<count)
      if !shares.isEmpty { addGram(shares, weights: rows.weightedShare(k), at: groups[k].shares[0], of: rows) }
      if parameters.hasBends {
        addGram(
          (0..<parameters.selection).map { block.columns[$0] }, weights: rows.weightedPull(k), at: groups[k].pulls[0],
          of: rows)
      }
    }
    addGram(rows.totals, weights: rows.rowWeights, groups: totalCount, at: totals.start, of: rows)
    if var meat = clustered.take() {
      try clusters(rows, &meat)
      clustered = meat
    }
  }

  private mutating func addGram(
    _ columns: [UnsafePointer<Double>?], weights: UnsafePointer<Double>, groups: Int = 1, at start: Int,
    of rows: ScoreRows
  ) {
    sums.withUnsafeMutableBufferPointer { sums in
      columns.withUnsafeBufferPointer { columns in
        Kernel.addWeightedGram(
          of: Kernel.Block(
            columns: columns.baseAddress!, columnCount: columns.count, rowCount: rows.block.rowCount),
          weights: weights, groupCount: groups, stride: rows.stride, to: sums.baseAddress! + start)
      }
    }
  }
}

/// The weights of one chunk's rows, and what they are; 1 where there are none.
struct RowWeights {
  let values: UnsafePointer<Double>?
  let kind: WeightKind?

  /// w, and what it multiplies the square of a score by.
  subscript(row: Int) -> (weight: Double, meat: Double) {
    let weight = values?[row] ?? 1
    return (weight, kind == .frequency ? weight : weight * weight)
  }
}

/// The scores of one chunk's rows, column by column.
final class ScoreRows {
  let block: Kernel.Block
  private let model: JointMixture
  let parameters: JointParameters
  private let storage: AlignedBuffer
  private let firstTotal: Int
  /// Numbers from one column to the next.
  let stride: Int

  /// Per group posteriors, the same times weights, V, e/τ², shares, precisions of a t law, and one for other weights; weights
  /// and those of the meat; the scores of one group; those of the rows' likelihood.
  init(block: Kernel.Block, weights: RowWeights, model: JointMixture, parameters: JointParameters) {
    self.block = block
    self.model = model
    self.parameters = parameters
    let groups = parameters.groups
    let widest = (0..<groups).map { parameters.own($0).count }.max() ?? 0
    firstTotal = 6 * groups + 3 + widest + 1
    stride = Kernel.paddedCount(block.rowCount)
    storage = AlignedBuffer(count: stride * (firstTotal + parameters.count + 1))
    model.forms.withKernelMixture(at: block) { mixture in
      _ = Kernel.responsibilities(of: block, under: mixture, into: posterior(0), stride: stride)
    }
    model.forms.withPrecisions(at: block) { values, width in
      for k in 0..<groups {
        for row in 0..<block.rowCount { precision(k)[row] = values?[k * width + row] ?? 1 }
      }
    }
    for row in 0..<block.rowCount {
      let (weight, meat) = weights[row]
      rowWeights[row] = weight
      rowWeights[stride + row] = meat
      for k in 0..<groups { weightedPosterior(k)[row] = weight * posterior(k)[row] }
      column(0)[row] = 1
      total(0)[row] = 1
    }
    for k in 0..<groups {
      let (v, a) = (residual(k), pull(k))
      let precision = 1 / (model.outcomeDeviations[k] * model.outcomeDeviations[k])
      block.evaluate(model.selectionResidual(k), into: v)
      block.evaluate(model.outcomeResidual(k), scale: precision, into: a)
      if let bend = model.bends?[k] { for row in 0..<block.rowCount { a[row] -= precision * bend * v[row] * v[row] } }
    }
    if let omega = model.concomitants {
      RowTerms(logShares: omega).fillShares(share(0), stride: stride, block)
    } else {
      for k in 0..<groups { share(k).update(repeating: model.mixingWeights[k], count: block.rowCount) }
    }
  }

  /// u of a t law, 1 of the normal one.
  private func precision(_ group: Int) -> UnsafeMutablePointer<Double> { slot(5 * parameters.groups + group) }

  private func slot(_ index: Int) -> UnsafeMutablePointer<Double> { storage.pointer + index * stride }
  func posterior(_ group: Int) -> UnsafeMutablePointer<Double> { slot(group) }
  func weightedPosterior(_ group: Int) -> UnsafeMutablePointer<Double> { slot(parameters.groups + group) }
  /// V_k.
  private func residual(_ group: Int) -> UnsafeMutablePointer<Double> { slot(2 * parameters.groups + group) }
  /// e_k / τ_k².
  private func pull(_ group: Int) -> UnsafeMutablePointer<Double> { slot(3 * parameters.groups + group) }
  /// π_k.
  func share(_ group: Int) -> UnsafeMutablePointer<Double> { slot(4 * parameters.groups + group) }
  /// Other weights: used at once.
  private var spare: UnsafeMutablePointer<Double> { slot(6 * parameters.groups) }
  var rowWeights: UnsafeMutablePointer<Double> { slot(6 * parameters.groups + 1) }
  /// Column 0 is the constant.
  func column(_ index: Int) -> UnsafeMutablePointer<Double> { slot(6 * parameters.groups + 3 + index) }
  func total(_ index: Int) -> UnsafeMutablePointer<Double> { slot(firstTotal + index) }
  var totals: [UnsafePointer<Double>?] { (0...parameters.count).map { UnsafePointer(total($0)) } }
  /// What multiplies the squares of scores in the meat; 0 behind the last row.
  var meatWeights: UnsafePointer<Double> { UnsafePointer(rowWeights + stride) }

  /// Fills in the scores of the rows' likelihood.
  func fillTotals() {
    for k in 0..<parameters.groups {
      fillOwn(k)
      addToTotal(k)
    }
  }

  /// Writes form·(1, s) of each row.
  func evaluateTotals(_ form: [Double], into target: UnsafeMutablePointer<Double>) {
    totals.withUnsafeBufferPointer { columns in
      Kernel.Block(columns: columns.baseAddress!, columnCount: columns.count, rowCount: block.rowCount)
        .evaluate(form, into: target)
    }
  }

  func columns(_ range: Range<Int>) -> [UnsafePointer<Double>?] { range.map { UnsafePointer(column($0)) } }

  /// What a unit of V moves the outcome by, κ_k + λ'C + 2 κ2_k V, until the next call of this or of the two below.
  private func coefficient(_ k: Int) -> UnsafePointer<Double> {
    let (kappa, bend, v) = (model.endogeneities[k], model.bends?[k] ?? 0, residual(k))
    for row in 0..<block.rowCount { spare[row] = kappa + 2 * bend * v[row] }
    if let interactions = model.interactions {
      for (columns, lambda) in zip(interactions.products, interactions.coefficients) {
        let values = block.columns[columns[0]]!
        for row in 0..<block.rowCount { spare[row] += lambda * values[row] }
      }
    }
    return UnsafePointer(spare)
  }

  /// w π_k, until the next call of this or of ``weightedPull(_:)``.
  func weightedShare(_ k: Int) -> UnsafePointer<Double> {
    for row in 0..<block.rowCount { spare[row] = rowWeights[row] * share(k)[row] }
    return UnsafePointer(spare)
  }
  /// w γ e / τ², likewise.
  func weightedPull(_ k: Int) -> UnsafePointer<Double> {
    for row in 0..<block.rowCount { spare[row] = weightedPosterior(k)[row] * pull(k)[row] }
    return UnsafePointer(spare)
  }

  private func fill(_ index: Int, _ value: (Int) -> Double) {
    let target = column(index)
    for row in 0..<block.rowCount { target[row] = value(row) }
  }

  /// The scores of one group's own parameters.
  func fillOwn(_ k: Int) {
    let (v, a, u) = (residual(k), pull(k), precision(k))
    let (tau, variance) = (model.outcomeDeviations[k], model.selectionDeviations[k] * model.selectionDeviations[k])
    let bend = model.bends?[k] ?? 0
    var next = 1
    func append(_ value: (Int) -> Double) {
      fill(next, value)
      next += 1
    }
    for j in parameters.outcome {
      let values = block.columns[j]!
      append { values[$0] * a[$0] * u[$0] }
    }
    for columns in model.interactions?.products ?? [] {
      let values = block.columns[columns[0]]!
      append { values[$0] * a[$0] * v[$0] * u[$0] }
    }
    append { a[$0] * v[$0] * u[$0] }
    if parameters.hasBends { append { a[$0] * (v[$0] * v[$0] - variance) * u[$0] } }
    for j in 0..<parameters.shifts(k).count {
      let values = block.columns[j]!
      append { values[$0] * a[$0] * u[$0] }
    }
    append { a[$0] * a[$0] * tau * tau * u[$0] - 1 }
    let slope = coefficient(k)
    for j in 0..<parameters.selection {
      let values = block.columns[j]!
      append { values[$0] * (v[$0] / variance - slope[$0] * a[$0]) * u[$0] }
    }
    append { v[$0] * v[$0] / variance * u[$0] - 1 - 2 * bend * variance * a[$0] }
    for j in 1..<parameters.groups {
      for column in 0..<parameters.shareColumns {
        let values = block.columns[column]!
        append { values[$0] * ((j == k ? 1 : 0) - self.share(j)[$0]) }
      }
    }
  }

  /// Adds γ_k times the scores of group k, which are filled in, to those of the rows' likelihood (Fisher's identity).
  func addToTotal(_ k: Int) {
    let gamma = posterior(k)
    for (position, index) in parameters.own(k).enumerated() {
      let (own, sum) = (column(1 + position), total(1 + index))
      for row in 0..<block.rowCount { sum[row] += gamma[row] * own[row] }
    }
  }
}

extension Design {
  /// One pass over the scores of `model`.
  ///
  /// - Parameter clusters: of rows whose errors may depend on each other; nil for independent ones.
  func scores(
    of model: JointMixture, _ parameters: JointParameters, clusters: RowClusters? = nil
  ) throws -> JointScores {
    let zero = JointScores(
      parameters, hasWeights: hasWeights, clustered: try clusters?.meat(width: parameters.count))
    return try rows.sum(zero) { partial, chunk in
      try withBlock(ofChunk: chunk) { block, weights in
        try partial.add(block, weights: RowWeights(values: weights, kind: table.weightKind), model: model) {
          scores, meat in
          try clusters?.add(
            scores.totals.dropFirst().compactMap(\.self), weights: scores.rowWeights, rowCount: block.rowCount,
            of: self,
            chunk: chunk, to: &meat)
        }
      }
    }
  }
}
