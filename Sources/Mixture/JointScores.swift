import Communication
import LinearAlgebra

/// The sums of products of scores over the rows, from which information and sandwich are made.
///
/// With s_ik the score of log π_k f_k at row i and s_i = Σ_k γ_ik s_ik that of the row's likelihood (Fisher's identity):
/// per group Σ w γ_ik (1, s_ik)(1, s_ik)', then Σ w (1, s_i)(1, s_i)' and Σ w² (1, s_i)(1, s_i)'.
struct JointScores: Reducible {
  let parameters: JointParameters
  var summands: [Double]

  init(_ parameters: JointParameters) {
    self.parameters = parameters
    let own = (0..<parameters.groups).map { PackedTriangle.count(order: parameters.own($0).count + 1) }
    summands = Array(repeating: 0, count: own.reduce(0, +) + 2 * PackedTriangle.count(order: parameters.count + 1))
  }

  private func start(ofGroup group: Int) -> Int {
    (0..<group).reduce(0) { $0 + PackedTriangle.count(order: parameters.own($1).count + 1) }
  }

  /// Σ w γ (1, s_k)(1, s_k)'.
  func own(_ group: Int) -> Matrix {
    let order = parameters.own(group).count + 1
    return Matrix(
      packedTriangle: summands[start(ofGroup: group)...].prefix(PackedTriangle.count(order: order)), order: order)
  }

  private func total(_ index: Int) -> Matrix {
    let count = PackedTriangle.count(order: parameters.count + 1)
    let first = start(ofGroup: parameters.groups) + index * count
    return Matrix(packedTriangle: summands[first..<first + count], order: parameters.count + 1)
  }
  /// Σ w (1, s)(1, s)': its first row holds the gradient of the log-likelihood.
  var weighted: Matrix { total(0) }
  /// Σ w² (1, s)(1, s)'.
  var squared: Matrix { total(1) }

  /// Adds one chunk.
  mutating func add(_ block: Kernel.Block, weights: UnsafePointer<Double>?, model: JointMixture) {
    let rows = ScoreRows(block: block, weights: weights, model: model, parameters: parameters)
    for k in 0..<parameters.groups {
      rows.fillOwn(k)
      add(
        rows, columns: parameters.own(k).count + 1, weights: rows.weightedPosterior(k), groups: 1, at: start(ofGroup: k)
      )
    }
    rows.fillTotal()
    add(
      rows, columns: parameters.count + 1, weights: rows.rowWeights, groups: 2, at: start(ofGroup: parameters.groups))
  }

  private mutating func add(
    _ rows: ScoreRows, columns: Int, weights: UnsafePointer<Double>, groups: Int, at start: Int
  ) {
    let pointers = (0..<columns).map { Optional(UnsafePointer(rows.column($0))) }
    summands.withUnsafeMutableBufferPointer { sums in
      pointers.withUnsafeBufferPointer { pointers in
        Kernel.addWeightedGram(
          of: Kernel.Block(columns: pointers.baseAddress!, columnCount: columns, rowCount: rows.block.rowCount),
          weights: weights, groupCount: groups, stride: RowGrid.chunkLength, to: sums.baseAddress! + start)
      }
    }
  }
}

/// The scores of one chunk's rows, column by column.
private final class ScoreRows {
  let block: Kernel.Block
  private let model: JointMixture
  private let parameters: JointParameters
  private let storage: AlignedBuffer
  private static let length = RowGrid.chunkLength

  /// Posteriors; the same times weights; V; e/τ²; weights and their squares; then the score columns.
  init(block: Kernel.Block, weights: UnsafePointer<Double>?, model: JointMixture, parameters: JointParameters) {
    self.block = block
    self.model = model
    self.parameters = parameters
    let groups = parameters.groups
    storage = AlignedBuffer(count: Self.length * (4 * groups + 2 + parameters.count + 1))
    storage.pointer.update(repeating: 0, count: storage.count)
    model.forms.withKernelMixture { mixture in
      _ = Kernel.responsibilities(of: block, under: mixture, into: posterior(0), stride: Self.length)
    }
    for row in 0..<block.rowCount {
      let weight = weights?[row] ?? 1
      rowWeights[row] = weight
      rowWeights[Self.length + row] = weight * weight
      for k in 0..<groups { weightedPosterior(k)[row] = weight * posterior(k)[row] }
      column(0)[row] = 1
    }
    for k in 0..<groups {
      evaluate(model.selectionResidual(k), scale: 1, into: residual(k))
      evaluate(
        model.outcomeResidual(k), scale: 1 / (model.outcomeDeviations[k] * model.outcomeDeviations[k]), into: pull(k))
    }
  }

  private func slot(_ index: Int) -> UnsafeMutablePointer<Double> { storage.pointer + index * Self.length }
  private func posterior(_ group: Int) -> UnsafeMutablePointer<Double> { slot(group) }
  func weightedPosterior(_ group: Int) -> UnsafeMutablePointer<Double> { slot(parameters.groups + group) }
  /// V_k.
  private func residual(_ group: Int) -> UnsafeMutablePointer<Double> { slot(2 * parameters.groups + group) }
  /// e_k / τ_k².
  private func pull(_ group: Int) -> UnsafeMutablePointer<Double> { slot(3 * parameters.groups + group) }
  var rowWeights: UnsafeMutablePointer<Double> { slot(4 * parameters.groups) }
  /// Column 0 is the constant.
  func column(_ index: Int) -> UnsafeMutablePointer<Double> { slot(4 * parameters.groups + 2 + index) }

  private func evaluate(_ form: [Double], scale: Double, into target: UnsafeMutablePointer<Double>) {
    for (j, coefficient) in form.enumerated() where coefficient != 0 {
      let values = block.columns[j]!
      for row in 0..<block.rowCount { target[row] += scale * coefficient * values[row] }
    }
  }

  private func fill(_ index: Int, _ value: (Int) -> Double) {
    let target = column(index)
    for row in 0..<block.rowCount { target[row] = value(row) }
  }

  /// The scores of one group's own parameters.
  func fillOwn(_ k: Int) {
    let (v, a) = (residual(k), pull(k))
    let (kappa, tau, sigma) = (model.endogeneities[k], model.outcomeDeviations[k], model.selectionDeviations[k])
    var next = 1
    func append(_ value: (Int) -> Double) {
      fill(next, value)
      next += 1
    }
    for j in parameters.outcome {
      let values = block.columns[j]!
      append { values[$0] * a[$0] }
    }
    append { a[$0] * v[$0] }
    for j in 0..<parameters.shifts(k).count {
      let values = block.columns[j]!
      append { values[$0] * a[$0] }
    }
    append { a[$0] * a[$0] * tau * tau - 1 }
    for j in 0..<parameters.selection {
      let values = block.columns[j]!
      append { values[$0] * (v[$0] / (sigma * sigma) - kappa * a[$0]) }
    }
    append { v[$0] * v[$0] / (sigma * sigma) - 1 }
  }

  /// The scores of the rows' likelihood, of all parameters.
  func fillTotal() {
    func gamma(_ k: Int, _ row: Int) -> Double { posterior(k)[row] }
    let groups = 0..<parameters.groups
    // The sum over groups of γ e / τ² stands in the last column until that one is filled.
    let last = column(parameters.count)
    fill(parameters.count) { row in groups.reduce(0) { $0 + gamma($1, row) * self.pull($1)[row] } }
    for j in parameters.outcome {
      let values = block.columns[j]!
      fill(1 + j) { values[$0] * last[$0] }
    }
    for k in groups {
      let (v, a) = (residual(k), pull(k))
      let (kappa, tau, sigma) = (model.endogeneities[k], model.outcomeDeviations[k], model.selectionDeviations[k])
      fill(1 + parameters.endogeneities.lowerBound + k) { gamma(k, $0) * a[$0] * v[$0] }
      for (j, index) in parameters.shifts(k).enumerated() {
        let values = block.columns[j]!
        fill(1 + index) { gamma(k, $0) * values[$0] * a[$0] }
      }
      fill(1 + parameters.logOutcomeDeviations.lowerBound + k) { gamma(k, $0) * (a[$0] * a[$0] * tau * tau - 1) }
      for (j, index) in parameters.slopes(k).enumerated() {
        let values = block.columns[j]!
        fill(1 + index) { gamma(k, $0) * values[$0] * (v[$0] / (sigma * sigma) - kappa * a[$0]) }
      }
      fill(1 + parameters.logSelectionDeviations.lowerBound + k) {
        gamma(k, $0) * (v[$0] * v[$0] / (sigma * sigma) - 1)
      }
    }
    for (k, index) in zip(1..., parameters.logShares) { fill(1 + index) { gamma(k, $0) - self.model.mixingWeights[k] } }
  }
}

extension Design {
  /// One pass over the scores of `model`.
  func scores(of model: JointMixture, _ parameters: JointParameters) throws -> JointScores {
    try rows.sum(JointScores(parameters)) { partial, chunk in
      try withBlock(ofChunk: chunk) { block, weights in partial.add(block, weights: weights, model: model) }
    }
  }
}
