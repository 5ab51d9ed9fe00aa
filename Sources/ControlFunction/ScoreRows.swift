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

/// The scores of one chunk's rows: of each family of parameters the number s_k that multiplies its columns, by group, and
/// that of the row's likelihood, s = Σ_k γ_k s_k (Fisher's identity).
final class ScoreRows {
  let block: Kernel.Block
  let model: JointMixture
  let parameters: JointParameters
  let families: [ScoreFamily]
  /// C_j, the columns that the coefficient of V depends on.
  let control: [UnsafePointer<Double>]
  /// Numbers from one column to the next.
  let stride: Int
  private let storage: AlignedBuffer
  /// Of each family, where its numbers stand: by group, or of its only one; then that of the likelihood.
  private let places: [(first: Int, mean: Int)]

  /// - Parameters:
  ///   - parameters: those of the model, and others that are 0 there.
  ///   - control: C_j where `parameters` have λ and the model does not; nil for the model's own.
  init(
    block: Kernel.Block, weights: RowWeights, model: JointMixture, parameters: JointParameters,
    control: [UnsafePointer<Double>]? = nil
  ) {
    self.block = block
    self.control = control ?? (model.interactions?.columns ?? []).map { block.columns[$0]! }
    self.model = model
    self.parameters = parameters
    families = parameters.families
    let groups = parameters.groups
    var next = Self.perGroup * groups + 2
    places = families.map { family in
      let first = next
      next += (family.group == nil ? groups : 1) + 1
      return (first, next - 1)
    }
    stride = Kernel.paddedCount(block.rowCount)
    storage = AlignedBuffer(count: stride * next)
    fillRows(weights)
    for f in families.indices { fillFamily(f) }
  }

  private static let perGroup = 7

  private func slot(_ index: Int) -> UnsafeMutablePointer<Double> { storage.pointer + index * stride }
  func posterior(_ group: Int) -> UnsafeMutablePointer<Double> { slot(group) }
  /// w γ_k.
  func weightedPosterior(_ group: Int) -> UnsafeMutablePointer<Double> { slot(parameters.groups + group) }
  /// V_k.
  func residual(_ group: Int) -> UnsafeMutablePointer<Double> { slot(2 * parameters.groups + group) }
  /// e_k / τ_k².
  func pull(_ group: Int) -> UnsafeMutablePointer<Double> { slot(3 * parameters.groups + group) }
  /// π_k.
  func share(_ group: Int) -> UnsafeMutablePointer<Double> { slot(4 * parameters.groups + group) }
  /// u of a t law, 1 of the normal one.
  func precision(_ group: Int) -> UnsafeMutablePointer<Double> { slot(5 * parameters.groups + group) }
  /// What a unit of V moves the outcome by, κ_k + λ'C + 2 κ2_k V.
  func coefficient(_ group: Int) -> UnsafeMutablePointer<Double> { slot(6 * parameters.groups + group) }
  var rowWeights: UnsafeMutablePointer<Double> { slot(Self.perGroup * parameters.groups) }
  /// What multiplies the squares of scores in the meat; 0 behind the last row.
  var meatWeights: UnsafeMutablePointer<Double> { slot(Self.perGroup * parameters.groups + 1) }

  /// s_k of a family.
  ///
  /// - Precondition: the group has the family's parameters.
  func score(_ family: Int, _ group: Int) -> UnsafeMutablePointer<Double> {
    slot(places[family].first + (families[family].group == nil ? group : 0))
  }

  /// s of a family.
  func mean(_ family: Int) -> UnsafeMutablePointer<Double> { slot(places[family].mean) }

  /// The groups whose densities have a family's parameters.
  func groups(_ family: Int) -> Range<Int> { families[family].group.map { $0..<$0 + 1 } ?? 0..<parameters.groups }

  /// The columns of b, one behind the other: those of the others are the first of them.
  private(set) lazy var regressors: AlignedBuffer = {
    let copy = AlignedBuffer(count: parameters.shared * stride)
    for j in 0..<parameters.shared {
      (copy.pointer + j * stride).update(from: block.columns[j]!, count: block.rowCount)
    }
    return copy
  }()

  // MARK: Filling

  private func fillRows(_ weights: RowWeights) {
    let groups = parameters.groups
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
      meatWeights[row] = meat
      for k in 0..<groups { weightedPosterior(k)[row] = weight * posterior(k)[row] }
    }
    for k in 0..<groups {
      let (v, a, slope) = (residual(k), pull(k), coefficient(k))
      let precision = 1 / (model.outcomeDeviations[k] * model.outcomeDeviations[k])
      block.evaluate(model.selectionResidual(k), into: v)
      block.evaluate(model.outcomeResidual(k), scale: precision, into: a)
      let (kappa, bend) = (model.endogeneities[k], model.bends?[k] ?? 0)
      if bend != 0 { for row in 0..<block.rowCount { a[row] -= precision * bend * v[row] * v[row] } }
      model.fillVariation(slope, block)
      for row in 0..<block.rowCount {
        a[row] -= precision * slope[row] * v[row]
        slope[row] += kappa + 2 * bend * v[row]
      }
    }
    if let omega = model.concomitants {
      RowTerms(logShares: omega).fillShares(share(0), stride: stride, block)
    } else {
      for k in 0..<groups { share(k).update(repeating: model.mixingWeights[k], count: block.rowCount) }
    }
  }

  /// Fills in the scores of a family.
  private func fillFamily(_ f: Int) {
    let mean = mean(f)
    for k in groups(f) {
      let (score, gamma) = (score(f, k), posterior(k))
      fillScore(families[f].role, k, into: score)
      for row in 0..<block.rowCount { mean[row] += gamma[row] * score[row] }
    }
  }

  private func fillScore(_ role: ScoreFamily.Role, _ k: Int, into target: UnsafeMutablePointer<Double>) {
    let (v, a, u) = (residual(k), pull(k), precision(k))
    let (tau, variance) = (model.outcomeDeviations[k], model.selectionDeviations[k] * model.selectionDeviations[k])
    let bend = model.bends?[k] ?? 0
    func fill(_ value: (Int) -> Double) { for row in 0..<block.rowCount { target[row] = value(row) } }
    switch role {
    case .outcome, .shift: fill { a[$0] * u[$0] }
    case .interaction(let j):
      let values = control[j]
      fill { values[$0] * a[$0] * v[$0] * u[$0] }
    case .endogeneity: fill { a[$0] * v[$0] * u[$0] }
    case .bend: fill { a[$0] * (v[$0] * v[$0] - variance) * u[$0] }
    case .outcomeDeviation: fill { a[$0] * a[$0] * tau * tau * u[$0] - 1 }
    case .slopes:
      let slope = coefficient(k)
      fill { (v[$0] / variance - slope[$0] * a[$0]) * u[$0] }
    case .selectionDeviation: fill { v[$0] * v[$0] / variance * u[$0] - 1 - 2 * bend * variance * a[$0] }
    case .logShare(let j):
      let (own, share) = (j == k ? 1.0 : 0, share(j))
      fill { own - share[$0] }
    }
  }

  // MARK: Sums

  /// Adds Σ a b' of columns that lie one behind the other: that of column i of the first and j of the second at
  /// `i * secondCount + j`.
  func addProducts(
    of first: UnsafePointer<Double>, _ firstCount: Int, with second: UnsafePointer<Double>, _ secondCount: Int,
    to sums: UnsafeMutablePointer<Double>
  ) {
    // The kernel counts inputs without the first of their columns.
    Kernel.Layer(inputs: secondCount - 1, outputs: firstCount, rowCount: block.rowCount, stride: stride)
      .addGradient(inputs: second, outputGradient: first, to: sums)
  }

  // MARK: The scores of the likelihood

  /// Writes form·s of each row.
  ///
  /// - Parameter form: a number for each parameter.
  func evaluate(_ form: [Double], into target: UnsafeMutablePointer<Double>) {
    let values = AlignedBuffer(count: stride)
    target.update(repeating: 0, count: block.rowCount)
    for (f, family) in families.enumerated() {
      let mean = mean(f)
      block.evaluate(Array(form[family.places]), into: values.pointer)
      for row in 0..<block.rowCount { target[row] += mean[row] * values.pointer[row] }
    }
  }

  /// Gives `body` the scores, a column for each parameter.
  func withScores<Result>(_ body: ([UnsafePointer<Double>]) throws -> Result) rethrows -> Result {
    let scores = AlignedBuffer(count: parameters.count * stride)
    for (f, family) in families.enumerated() {
      let mean = mean(f)
      for (j, place) in family.places.enumerated() {
        let (target, values) = (scores.pointer + place * stride, block.columns[j]!)
        for row in 0..<block.rowCount { target[row] = values[row] * mean[row] }
      }
    }
    return try withExtendedLifetime(scores) {
      try body((0..<parameters.count).map { UnsafePointer(scores.pointer + $0 * stride) })
    }
  }
}
