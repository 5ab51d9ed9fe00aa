import Frames
import LinearAlgebra
import Mixture

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
  let model: JointMixture
  let parameters: JointParameters
  private let storage: AlignedBuffer
  private let firstTotal: Int
  /// Numbers from one column to the next.
  let stride: Int

  /// C_j, the columns that the coefficient of V depends on.
  let control: [UnsafePointer<Double>]

  /// Per group posteriors, the same times weights, V, e/τ², shares, precisions of a t law, and one for other weights; weights
  /// and those of the meat; the scores of one group; those of the rows' likelihood.
  ///
  /// - Parameters:
  ///   - parameters: those of the model, and others that are 0 there.
  ///   - control: C_j where `parameters` have λ and the model does not; nil for the model's own.
  init(
    block: Kernel.Block, weights: RowWeights, model: JointMixture, parameters: JointParameters,
    control: [UnsafePointer<Double>]? = nil
  ) {
    self.block = block
    self.control = control ?? (model.interactions?.products ?? []).map { block.columns[$0[0]]! }
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
  func precision(_ group: Int) -> UnsafeMutablePointer<Double> { slot(5 * parameters.groups + group) }

  private func slot(_ index: Int) -> UnsafeMutablePointer<Double> { storage.pointer + index * stride }
  func posterior(_ group: Int) -> UnsafeMutablePointer<Double> { slot(group) }
  func weightedPosterior(_ group: Int) -> UnsafeMutablePointer<Double> { slot(parameters.groups + group) }
  /// V_k.
  func residual(_ group: Int) -> UnsafeMutablePointer<Double> { slot(2 * parameters.groups + group) }
  /// e_k / τ_k².
  func pull(_ group: Int) -> UnsafeMutablePointer<Double> { slot(3 * parameters.groups + group) }
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

  /// What a unit of V moves the outcome by, κ_k + λ'C + 2 κ2_k V, until the next call of this or of ``weightedShare(_:)``.
  func coefficient(_ k: Int) -> UnsafePointer<Double> {
    let (kappa, bend, v) = (model.endogeneities[k], model.bends?[k] ?? 0, residual(k))
    for row in 0..<block.rowCount { spare[row] = kappa + 2 * bend * v[row] }
    if let interactions = model.interactions {
      for (values, lambda) in zip(control, interactions.coefficients) {
        for row in 0..<block.rowCount { spare[row] += lambda * values[row] }
      }
    }
    return UnsafePointer(spare)
  }

  /// w π_k, until the next call of this or of ``coefficient(_:)``.
  func weightedShare(_ k: Int) -> UnsafePointer<Double> {
    for row in 0..<block.rowCount { spare[row] = rowWeights[row] * share(k)[row] }
    return UnsafePointer(spare)
  }

  private func fill(_ index: Int, _ value: (Int) -> Double) {
    let target = column(index)
    for row in 0..<block.rowCount { target[row] = value(row) }
  }

  /// The scores of one group's own parameters.
  func fillOwn(_ k: Int) {
    let (a, u) = (pull(k), precision(k))
    for j in parameters.outcome {
      let values = block.columns[j]!
      fill(1 + j) { values[$0] * a[$0] * u[$0] }
    }
    fillRest(k)
  }

  /// The scores of one group's own parameters but b, behind the place of these.
  func fillRest(_ k: Int) {
    let (v, a, u) = (residual(k), pull(k), precision(k))
    let (tau, variance) = (model.outcomeDeviations[k], model.selectionDeviations[k] * model.selectionDeviations[k])
    let bend = model.bends?[k] ?? 0
    var next = 1 + parameters.shared
    func append(_ value: (Int) -> Double) {
      fill(next, value)
      next += 1
    }
    for values in control { append { values[$0] * a[$0] * v[$0] * u[$0] } }
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
  ///
  /// - Parameter first: of the group's own parameters, from which on they are added.
  func addToTotal(_ k: Int, from first: Int = 0) {
    let gamma = posterior(k)
    for (position, index) in parameters.own(k).enumerated().dropFirst(first) {
      let (own, sum) = (column(1 + position), total(1 + index))
      for row in 0..<block.rowCount { sum[row] += gamma[row] * own[row] }
    }
  }
}
